// After every connection: learn what happened while away.

import { backoff } from "./backoff.js";

const ROOMS_PER_SYNC = 500;

/**
 * Bring the store up to date: the list of rooms first (marks, peers, rooms come and gone), then for
 * each room whose messages are held the ones that are missing, page by page.
 * `emit(kind, event, payload)` resolves to an ack; `reload(roomId)` starts a room's messages over.
 */
export function createSync({ store, api, emit, reload }) {
  async function run() {
    const asked = [...store.rooms.keys()];
    store.putRooms(await api.get("/rooms"), asked);
    await Promise.all(["direct", "group"].map(catchUp));
  }

  async function catchUp(kind) {
    let held = heldRooms(kind);
    while (Object.keys(held).length > 0) {
      let next = {};
      for (const part of inParts(held)) {
        const ack = await emit(kind, "sync", part);
        if (ack.error) throw Object.assign(new Error(ack.error.code), ack.error);
        next = { ...next, ...apply(ack.data, part.rooms) };
      }
      held = next;
    }
  }

  /** Rooms whose newest messages are held; one read far back is left to scrolling. */
  function heldRooms(kind) {
    const held = {};
    for (const [id, timeline] of store.timelines) {
      const room = store.rooms.get(id);
      if (room?.kind !== kind || !timeline.loaded || !timeline.following) continue;
      held[id] = timeline.last;
    }
    return held;
  }

  /** Apply one answer to what was asked; returns what to ask for next. */
  function apply({ rooms, joined, gone }, asked) {
    const next = {};
    for (const room of joined) store.putRoom(room);
    for (const id of gone) store.dropRoom(id);
    for (const [id, page] of Object.entries(rooms)) {
      if (page.reset) {
        reload(id);
        continue;
      }
      for (const message of page.messages) store.putMessage(message);
      // No messages, yet more of them: other rooms have filled this answer.
      if (page.has_more) next[id] = page.messages.at(-1)?.seq ?? asked[id];
    }
    return next;
  }

  return { run };
}

/**
 * The payloads of `sync` that together name all rooms: one would be larger than a packet may be. Each
 * speaks of a stretch of room ids, so that a room that is new comes with one of them.
 */
function inParts(held) {
  const ids = Object.keys(held).sort();
  const parts = [];
  for (let start = 0; start < ids.length; start += ROOMS_PER_SYNC) {
    const named = ids.slice(start, start + ROOMS_PER_SYNC);
    const part = { rooms: Object.fromEntries(named.map((id) => [id, held[id]])) };
    if (start > 0) part.after = ids[start - 1];
    if (start + ROOMS_PER_SYNC < ids.length) part.upto = named.at(-1);
    parts.push(part);
  }
  return parts;
}

/**
 * Run `run()` when called, and again until it has worked or the connection is gone, whose successor
 * calls anew. `worked()` and `failed()` are told of every end but those that a later call has overtaken.
 */
export function createCatchUp({ run, online, worked, failed, timers = globalThis }) {
  let round = 0;
  let failures = 0;
  let again = null;

  return async function catchUp() {
    const mine = ++round;
    timers.clearTimeout(again);
    try {
      await run();
    } catch {
      if (mine !== round) return;
      again = timers.setTimeout(() => online() && catchUp(), backoff(failures));
      failures += 1;
      failed();
      return;
    }
    if (mine !== round) return;
    failures = 0;
    worked();
  };
}
