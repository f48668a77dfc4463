import assert from "node:assert/strict";
import { test } from "node:test";
import { createHistory } from "../../../chat/static/js/history.js";
import { createProbe } from "../../../chat/static/js/probe.js";
import { Store } from "../../../chat/static/js/store.js";
import { createTimers, group, message } from "./helpers.mjs";

/** A room as a server keeps it: what is done to it gives the pushes of it. */
function createRoom() {
  const log = [];
  const entries = []; // seqs of changed messages, by rev
  const room = {
    log,
    lag: () => 0, // how many revs a page may say too little, as the server remembers it for a while
    get rev() {
      return entries.length;
    },
    say() {
      log.push(message(log.length + 1, { version: 0 }));
      return { name: "message_created", payload: log.at(-1) };
    },
    /** Change messages; one push tells of all. */
    edit(...seqs) {
      const after = entries.length;
      for (const seq of seqs) {
        const before = log[seq - 1];
        log[seq - 1] = { ...before, version: before.version + 1, data: `${seq} by rev ${entries.push(seq)}` };
      }
      return { name: "messages_changed", payload: { room_id: "r1", ...room.changes(after, 1000) } };
    },
    changes(after, limit) {
      const seqs = [];
      let last = after;
      for (const seq of entries.slice(after)) {
        if (!seqs.includes(seq) && seqs.length === limit) break;
        if (!seqs.includes(seq)) seqs.push(seq);
        last += 1;
      }
      return { messages: seqs.map((seq) => log[seq - 1]), after_rev: after, last_rev: last, has_more: last < entries.length };
    },
    page({ before = Infinity, after = null, limit }) {
      const found = log.filter(({ seq }) => seq < before && seq > (after ?? 0));
      const messages = after === null ? found.slice(-limit) : found.slice(0, limit);
      return { messages, has_more: found.length > messages.length, last_rev: Math.max(0, entries.length - room.lag()) };
    },
  };
  return room;
}

function setUp(room, { held = room.log.length, mostChanges = 100, reset = false } = {}) {
  const timers = createTimers();
  const store = new Store();
  const asked = [];
  const reloaded = [];
  store.setMe({ id: "me", username: "me" });
  store.putRooms([group("r1", { last_seq: held })], []);
  const api = {
    async get(path) {
      asked.push(path);
      const query = new URL(path, "http://server").searchParams;
      const number = (name) => (query.has(name) ? Number(query.get(name)) : undefined);
      if (path.includes("/changes?")) {
        const limit = Math.min(number("limit"), mostChanges);
        return { ...room.changes(number("after_rev"), limit), reset };
      }
      if (path.includes("/messages?")) {
        return room.page({ before: number("before_seq"), after: number("after_seq"), limit: number("limit") });
      }
      return group("r1", { last_seq: room.log.length, last_rev: room.rev, last_message: room.log.at(-1) });
    },
  };
  const history = createHistory({ store, api, settle: () => {}, reload: (id) => reloaded.push(id) });
  const heard = createProbe({ store, refresh: history.refresh, online: () => true, timers, random: () => 1 });
  const deliver = ({ name, payload }) => {
    store.apply(name, structuredClone(payload));
    heard("r1");
  };
  return { store, history, timers, asked, reloaded, deliver, line: () => store.timeline("r1") };
}

function roomOf(count) {
  const room = createRoom();
  for (let said = 0; said < count; said += 1) room.say();
  return room;
}

test("a push that was lost shows by the next one, and what it said is asked for", async () => {
  const room = roomOf(3);
  const { history, timers, deliver, line, asked } = setUp(room);
  await history.open("r1");
  room.edit(1); // lost
  deliver(room.edit(2));
  assert.equal(line().at(1).data, "text 1");
  assert.equal(timers.next(), 400);
  await timers.run();
  assert.deepEqual(line().messages, room.log);
  assert.equal(asked.at(-1), "/rooms/r1/changes?after_rev=0&limit=100");
});

test("the lost last push is found too, by asking the room again", async () => {
  const room = roomOf(3);
  const { history, timers, deliver, line } = setUp(room);
  await history.open("r1");
  deliver(room.edit(1));
  room.edit(2, 3); // lost, and nothing comes after it
  await timers.run();
  assert.deepEqual(line().messages, room.log);
  assert.equal(line().rev, room.rev);
});

test("pushes that change places say all the same, and once more is asked whether it was all", async () => {
  const room = roomOf(2);
  const { history, timers, deliver, line, asked } = setUp(room);
  await history.open("r1");
  const late = room.edit(1);
  deliver(room.edit(2));
  deliver(late);
  assert.deepEqual(line().messages, room.log);
  await timers.run();
  assert.equal(line().isBehind, false);
  assert.equal(asked.filter((path) => path.includes("/changes?")).length, 1);
});

test("many changes are caught up with page by page", async () => {
  const room = roomOf(50);
  const { history, line, asked } = setUp(room, { mostChanges: 20 });
  await history.open("r1");
  for (let seq = 1; seq <= 50; seq += 1) room.edit(seq, seq);
  await history.refresh("r1");
  assert.deepEqual(line().messages, room.log);
  assert.equal(line().rev, 100);
  assert.equal(asked.filter((path) => path.includes("/changes?")).length, 3);
});

test("where the server cannot tell the changes the room is started over", async () => {
  const room = roomOf(2);
  const { history, deliver, reloaded } = setUp(room, { reset: true });
  await history.open("r1");
  room.edit(1);
  deliver(room.edit(2));
  await history.refresh("r1");
  assert.deepEqual(reloaded, ["r1"]);
});

test("what one reads far back is followed too", async () => {
  const room = roomOf(200);
  const { history, deliver, line } = setUp(room);
  await history.around("r1", 60);
  assert.equal(line().following, false);
  room.edit(50);
  deliver(room.edit(199));
  await history.refresh("r1");
  assert.equal(line().at(50).version, 1);
  await history.older("r1");
  await history.newer("r1");
  assert.deepEqual(line().messages, room.log.slice(line().first - 1, line().last));
});

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

for (let seed = 1; seed <= 40; seed += 1) {
  test(`lost, repeated and reordered pushes come to what the log says (${seed})`, async () => {
    const random = dice(seed);
    const below = (count) => Math.floor(random() * count);
    const room = roomOf(120);
    const { store, history, deliver, line } = setUp(room);
    await (seed % 2 ? history.open("r1") : history.around("r1", 40));
    room.lag = () => below(4);
    const versions = new Map();
    const waiting = [];
    for (let step = 0; step < 300; step += 1) {
      const what = random();
      if (what < 0.25) waiting.push(room.say());
      else if (what < 0.9) waiting.push(room.edit(...Array.from({ length: 1 + below(3) }, () => 1 + below(room.log.length))));
      else if (what < 0.93) await history.older("r1");
      else if (what < 0.96) await history.newer("r1");
      else if (what < 0.98) await history.refresh("r1");
      while (waiting.length > 3) {
        const [push] = waiting.splice(below(waiting.length), 1);
        if (random() < 0.15) continue;
        deliver(push);
        if (random() < 0.15) waiting.push(push);
      }
      for (const { seq, version } of line().messages) {
        assert.ok(version >= (versions.get(seq) ?? 0), `an older copy of ${seq} at step ${step}`);
        versions.set(seq, version);
      }
    }
    room.lag = () => 0;
    await history.refresh("r1");
    const { first, last, isBehind, hasGap } = line();
    assert.deepEqual([isBehind, hasGap], [false, false]);
    assert.deepEqual(line().messages, room.log.slice(first - 1, last));
    assert.deepEqual(store.rooms.get("r1").last_message, room.log.at(-1));
    assert.equal(store.rooms.get("r1").last_seq, room.log.length);
  });
}
