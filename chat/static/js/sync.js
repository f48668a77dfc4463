// After every connection: learn what happened while away.

import { backoff } from "./backoff.js";

const ROOMS_PER_SYNC = 500;
const BEHIND_ALL_IDS = "z";

/**
 * Bring the store up to date: the list of rooms first (marks, peers, rooms come and gone), then for
 * each room whose messages are held the ones that are missing and those that changed, page by page.
 * `emit(kind, event, payload)` resolves to an ack; `reload(roomId)` starts a room's messages over,
 * `startOver()` everything: the database was restored, and what is held belongs to another past.
 */
export function createSync({ store, api, emit, reload, startOver }) {
  let epoch = null; // of the past that is held

  async function run() {
    const asked = store.knownIds();
    const listed = await api.get("/rooms");
    const doubted = new Map(listed.filter(isInDoubt).map(({ id }) => [id, endOfRoom(id)]));
    store.putRooms(listed, asked);
    const held = { direct: heldRooms("direct", doubted), group: heldRooms("group", doubted) };
    const kinds = Object.keys(held).filter((kind) => held[kind].size > 0);
    if (!kinds.length) kinds.push("group"); // for the epoch
    const [found, ...others] = await Promise.all(kinds.map((kind) => catchUp(kind, held[kind])));
    if (others.some((other) => other !== found)) throw restoredMeanwhile();
    if (epoch !== null && found !== epoch) await startOver();
    epoch = found;
  }

  /** Whether a room as listed ends before what is known of it, or with another message. */
  function isInDoubt({ id, last_seq: seq, last_message: last }) {
    const known = store.rooms.get(id);
    if (!known) return false;
    const end = known.last_message;
    return seq < known.last_seq || Boolean(last && end && last.seq === end.seq && last.id !== end.id);
  }

  function endOfRoom(id) {
    const { last_seq: seq, last_message: last } = store.rooms.get(id);
    return { seq, id: last?.seq === seq ? last.id : null };
  }

  /** Ask for what is missing of these rooms, unless the past is another one; resolves to its epoch. */
  async function catchUp(kind, held) {
    for (let left = held; ; ) {
      const next = new Map();
      let found = null;
      for (const part of inParts(left)) {
        const ack = await emit(kind, "sync", part);
        if (ack.error) throw Object.assign(new Error(ack.error.code), ack.error);
        if (epoch !== null && ack.data.epoch !== epoch) return ack.data.epoch;
        if (found !== null && ack.data.epoch !== found) throw restoredMeanwhile();
        found = ack.data.epoch;
        for (const [id, end] of apply(ack.data, left)) next.set(id, end);
      }
      if (next.size === 0) return found;
      left = next;
    }
  }

  /**
   * Where to go on, `{seq, id, rev}`, by room: of rooms whose messages are held, and of those in
   * doubt. What is newer than the messages of one that is read far back is left to scrolling.
   */
  function heldRooms(kind, doubted) {
    const held = new Map();
    for (const [id, room] of store.rooms) {
      if (room.kind !== kind || room.provisional) continue;
      const { loaded, following, messages, rev } = store.timelines.get(id) ?? {};
      if (loaded && following) held.set(id, { ...endOf(messages.at(-1)), rev });
      else if (loaded) held.set(id, { ...(doubted.get(id) ?? endOfRoom(id)), rev });
      else if (doubted.has(id)) held.set(id, doubted.get(id));
    }
    return held;
  }

  /** Apply one answer to what was asked; returns what to ask for next. */
  function apply({ rooms, gone }, asked) {
    const next = new Map();
    for (const id of gone) store.dropRoom(id);
    for (const [id, page] of Object.entries(rooms)) {
      if (page.reset) {
        reload(id);
        continue;
      }
      const { rev, ...end } = asked.get(id);
      store.putPage(id, page.messages, rev);
      store.hearMention(id, page.last_mention_seq);
      if (page.changed) {
        store.putChanges({ room_id: id, messages: page.changed, after_rev: rev, last_rev: page.last_rev });
      }
      if (!page.has_more && !page.has_more_changes) continue;
      // No messages, yet more of them: other rooms have filled this answer.
      const reached = page.messages.length ? endOf(page.messages.at(-1)) : end;
      next.set(id, { ...reached, rev: page.last_rev });
    }
    return next;
  }

  return { run };
}

function endOf(message) {
  return { seq: message?.seq ?? 0, id: message?.id ?? null };
}

function restoredMeanwhile() {
  return new Error("the database was restored at this very moment");
}

/**
 * The payloads of `sync` that together name these rooms, at least one: with all of them it would be
 * larger than a packet may be. None asks for rooms that are not named, as the list was just read.
 */
function inParts(held) {
  const rooms = [...held];
  const parts = [];
  for (let start = 0; start === 0 || start < rooms.length; start += ROOMS_PER_SYNC) {
    const named = rooms.slice(start, start + ROOMS_PER_SYNC);
    parts.push({
      rooms: Object.fromEntries(named.map(([id, { seq }]) => [id, seq])),
      ids: Object.fromEntries(named.filter(([, end]) => end.id).map(([id, end]) => [id, end.id])),
      revs: Object.fromEntries(named.filter(([, end]) => end.rev >= 0).map(([id, end]) => [id, end.rev])),
      after: BEHIND_ALL_IDS,
    });
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
