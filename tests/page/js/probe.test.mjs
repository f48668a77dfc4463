import assert from "node:assert/strict";
import { test } from "node:test";
import { createHistory } from "../../../chat/static/js/history.js";
import { createProbe } from "../../../chat/static/js/probe.js";
import { Store } from "../../../chat/static/js/store.js";
import { createTimers, group, message, messages } from "./helpers.mjs";

/** A page with one open room, and a server that holds `log`: its pushes come by `push(seq)`. */
function setUp({ held = 2, fail = () => null } = {}) {
  const timers = createTimers();
  const store = new Store();
  const log = messages(1, held);
  const asked = [];
  const state = { online: true };
  store.setMe({ id: "me", username: "me" });
  store.putRooms([group("r1", { last_seq: held })], []);
  store.timeline("r1").load(log);
  const api = {
    async get(path) {
      asked.push(path);
      const error = fail();
      if (error) throw error;
      const after = /after_seq=(\d+)/.exec(path);
      if (!after) return group("r1", { last_seq: log.length, last_message: log.at(-1) });
      const rest = log.filter(({ seq }) => seq > Number(after[1]));
      return { messages: rest.slice(0, 2), has_more: rest.length > 2 };
    },
  };
  const { refresh } = createHistory({ store, api, settle: () => {} });
  const heard = createProbe({ store, refresh, online: () => state.online, timers, random: () => 1 });
  const push = (seq) => {
    store.apply("message_created", message(seq));
    heard("r1");
  };
  const seqs = () => store.timeline("r1").messages.map(({ seq }) => seq);
  return { timers, store, log, asked, state, heard, push, seqs };
}

test("behind the last push it asks after 4 s, 8 s, 16 s … and leaves the rest to the sync", async () => {
  const { timers, push, log, asked } = setUp();
  log.push(message(3));
  push(3);
  const delays = [];
  while (timers.next() !== null) {
    delays.push(timers.next() / 1000);
    await timers.run();
  }
  assert.deepEqual(delays, [4, 8, 16, 32, 64, 128, 256]);
  assert.equal(asked.length, delays.length);
});

test("the lost last push of a burst is found, and then it looks soon again", async () => {
  const { timers, push, log, seqs, store } = setUp();
  log.push(...messages(3, 6));
  push(3);
  await timers.run();
  assert.deepEqual(seqs(), [1, 2, 3, 4, 5, 6]);
  assert.equal(store.rooms.get("r1").last_seq, 6);
  assert.equal(timers.next(), 4_000);
});

test("a gap is filled at once, and pushes do not put that off", async () => {
  const { timers, push, log, seqs, asked } = setUp();
  log.push(...messages(3, 6));
  push(4);
  assert.equal(timers.next(), 400);
  push(6);
  assert.equal(timers.next(), 400);
  await timers.run();
  assert.deepEqual(seqs(), [1, 2, 3, 4, 5, 6]);
  assert.equal(asked.length, 2);
});

test("a push that is only late fills the gap, and nothing is shown twice", async () => {
  const { timers, push, log, seqs } = setUp();
  log.push(...messages(3, 4));
  push(4);
  push(3);
  push(4);
  assert.deepEqual(seqs(), [1, 2, 3, 4]);
  await timers.run();
  assert.deepEqual(seqs(), [1, 2, 3, 4]);
});

test("a gap the server cannot fill yet is asked for ever less often", async () => {
  const { timers, push } = setUp();
  push(4);
  await timers.run();
  assert.equal(timers.next(), 4_000);
  await timers.run();
  assert.equal(timers.next(), 8_000);
});

test("a failure is no end: it asks again", async () => {
  let failures = 1;
  const { timers, push, log, seqs } = setUp({ fail: () => failures-- > 0 && { code: "unavailable" } });
  log.push(...messages(3, 4));
  push(3);
  await timers.run();
  assert.deepEqual(seqs(), [1, 2, 3]);
  await timers.run();
  assert.deepEqual(seqs(), [1, 2, 3, 4]);
});

test("a room that is not open learns how much there is", async () => {
  const { timers, push, log, store, asked } = setUp();
  store.timelines.clear();
  log.push(...messages(3, 5));
  push(3);
  await timers.run();
  assert.equal(store.rooms.get("r1").last_seq, 5);
  assert.deepEqual(asked, ["/rooms/r1"]);
});

test("a room one is no longer in is gone", async () => {
  const { timers, push, store } = setUp({ fail: () => ({ code: "not_found" }) });
  push(3);
  await timers.run();
  assert.equal(store.rooms.has("r1"), false);
});

test("without a connection nothing is asked: the next one catches up", async () => {
  const { timers, push, asked, state } = setUp();
  push(3);
  state.online = false;
  await timers.run();
  assert.deepEqual([asked.length, timers.next()], [0, null]);
});
