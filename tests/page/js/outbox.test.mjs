import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../../../chat/static/js/outbox.js";
import { createKeeper } from "../../../chat/static/js/outbox_keeper.js";
import { createKeepers, createLocks, deferred, message } from "./helpers.mjs";

const ROOM = { id: "r1", kind: "group" };

/** Make the outbox of one tab; tabs of one browser share `keepers` and `locks`. */
function setUp({ emit, keepers = createKeepers(), locks = createLocks(), online = () => true, find } = {}) {
  const stored = [];
  const waits = [];
  let count = 0;
  const outbox = new Outbox({
    userId: "u1",
    keeper: keepers.open((clientId) => outbox.changedElsewhere(clientId)),
    emit,
    online,
    lock: (name, task) => locks.request(name, task),
    stored: (one) => stored.push(one),
    changed: () => {},
    wait: async (ms) => waits.push(ms),
    find,
    makeId: () => `id${++count}`,
  });
  return { outbox, stored, waits };
}

/** Write into the room and wait until everything that can be sent is. */
async function send(outbox, ...texts) {
  for (const text of texts) outbox.add(ROOM, text);
  await outbox.drain("r1");
}

const stores = (calls = []) => async (kind, event, payload) => {
  calls.push(payload);
  return { data: message(calls.length, { client_id: payload.client_id, data: payload.data }) };
};

const QUOTE = { id: "m7", seq: 7, user_id: "u2", username: "bob", nickname: "Bob", data: "a question" };

test("a reply names the message it answers, and keeps nothing that others wrote", async () => {
  const calls = [];
  const keepers = createKeepers();
  const find = async (roomId, seq) => message(seq);
  const { outbox } = setUp({ emit: stores(calls), keepers, online: () => false, find });
  await outbox.add(ROOM, "an answer", QUOTE);
  assert.deepEqual([...keepers.records.values()][0].reply_to, { id: "m7", seq: 7, user_id: "u2" });
  outbox.online = () => true;
  await outbox.resume();
  await send(outbox, "no reply");
  assert.deepEqual(calls.map(({ reply_to }) => reply_to), [7, undefined]);
});

test("a reply never answers another message that a restored database has in that place", async () => {
  for (const found of [null, message(7, { id: "another" })]) {
    const calls = [];
    const { outbox } = setUp({ emit: stores(calls), find: async () => found });
    outbox.add(ROOM, "an answer", QUOTE);
    await outbox.drain("r1");
    assert.deepEqual(calls.map(({ data, reply_to }) => [data, reply_to]), [["an answer", undefined]]);
  }
});

test("an acked record is stored and forgotten", async () => {
  const calls = [];
  const keepers = createKeepers();
  const { outbox, stored } = setUp({ keepers, emit: stores(calls) });
  await send(outbox, "hello");
  assert.deepEqual(calls, [{ room_id: "r1", client_id: "id1", data: "hello" }]);
  assert.equal(stored[0].data, "hello");
  assert.equal(outbox.size, 0);
  assert.equal(keepers.records.size, 0);
});

test("one record of a room is on its way at a time, in the order written", async () => {
  const first = deferred();
  const calls = [];
  const { outbox } = setUp({
    async emit(kind, event, { client_id: clientId, data }) {
      calls.push(data);
      if (data === "one") await first.promise;
      return { data: message(calls.length, { client_id: clientId }) };
    },
  });
  const sending = send(outbox, "one", "two");
  await new Promise(setImmediate);
  assert.deepEqual(calls, ["one"]);
  first.resolve();
  await sending;
  assert.deepEqual(calls, ["one", "two"]);
});

test("without a connection it waits and survives a reload", async () => {
  const keepers = createKeepers();
  const { outbox } = setUp({ keepers, online: () => false, emit: () => assert.fail("emitted") });
  await outbox.add(ROOM, "later");
  assert.equal(outbox.list("r1")[0].state, "pending");

  const calls = [];
  const reloaded = setUp({ keepers, emit: stores(calls) });
  await reloaded.outbox.load();
  assert.equal(reloaded.outbox.list("r1")[0].data, "later");
  await reloaded.outbox.resume();
  assert.deepEqual(calls.map(({ client_id: id }) => id), ["id1"]);
  assert.equal(keepers.records.size, 0);
});

test("a time-out is tried again under the same client_id", async () => {
  const ids = [];
  const { outbox, waits } = setUp({
    async emit(kind, event, { client_id: clientId }) {
      ids.push(clientId);
      if (ids.length === 1) throw new Error("operation has timed out");
      if (ids.length === 2) return { error: { code: "unavailable" } };
      return { data: message(1, { client_id: clientId }) };
    },
  });
  await send(outbox, "x");
  assert.deepEqual(ids, ["id1", "id1", "id1"]);
  assert.equal(waits.length, 2);
  assert.equal(outbox.size, 0);
});

test("after three answers that leave it open a person is asked, and can try again", async () => {
  let works = false;
  const { outbox, stored } = setUp({
    async emit(kind, event, { client_id: clientId }) {
      if (!works) return { error: { code: "unavailable" } };
      return { data: message(1, { client_id: clientId }) };
    },
  });
  await send(outbox, "x");
  assert.equal(outbox.list("r1")[0].state, "failed");
  works = true;
  outbox.retry("id1");
  await outbox.drain("r1");
  assert.equal(stored[0].client_id, "id1");
  assert.equal(outbox.size, 0);
});

test("rate_limited waits as long as it is told and goes on", async () => {
  const said = [];
  let asked = 0;
  const { outbox, waits } = setUp({
    async emit(kind, event, { client_id: clientId }) {
      asked += 1;
      if (asked > 1) said.push(outbox.list("r1").map(({ state, error }) => [state, error.code]));
      if (asked <= 4) return { error: { code: "rate_limited", retry_after: 7 } };
      return { data: message(1, { client_id: clientId }) };
    },
  });
  await send(outbox, "x");
  assert.deepEqual(said, Array(4).fill([["pending", "rate_limited"]])); // the page says why it waits
  assert.deepEqual(waits, [7000, 7000, 7000, 7000]);
  assert.equal(outbox.size, 0);
});

test("a refused record fails at once and does not hold up the next", async () => {
  const { outbox, stored } = setUp({
    async emit(kind, event, { client_id: clientId, data }) {
      if (data === "bad") return { error: { code: "forbidden", message: "No." } };
      return { data: message(1, { client_id: clientId }) };
    },
  });
  await send(outbox, "bad", "good");
  assert.deepEqual(outbox.list("r1").map(({ data, error }) => [data, error.code]), [["bad", "forbidden"]]);
  assert.equal(stored.length, 1);
  outbox.remove("id1");
  assert.equal(outbox.size, 0);
});

test("a push settles a record whose ack was lost", async () => {
  const { outbox } = setUp({ online: () => false });
  await outbox.add(ROOM, "x");
  outbox.settle(message(1, { client_id: "id1", user_id: "someone else" }));
  assert.equal(outbox.size, 1);
  outbox.settle(message(1, { client_id: "id1" }));
  assert.equal(outbox.size, 0);
});

test("two tabs send a record once", async () => {
  const keepers = createKeepers();
  const locks = createLocks();
  await setUp({ keepers, locks, online: () => false }).outbox.add(ROOM, "x");
  const calls = [];
  const tabs = [1, 2].map(() => setUp({ keepers, locks, emit: stores(calls) }).outbox);
  await Promise.all(tabs.map((tab) => tab.load()));
  await Promise.all(tabs.map((tab) => tab.resume()));
  assert.equal(calls.length, 1);
  assert.deepEqual(tabs.map((tab) => tab.size), [0, 0]);
});

test("another tab shows what this one writes, and that it was sent or deleted", async () => {
  const keepers = createKeepers();
  let online = false;
  const one = setUp({ keepers, online: () => online, emit: stores() }).outbox;
  const two = setUp({ keepers, online: () => false }).outbox;
  await one.add(ROOM, "first");
  await one.add(ROOM, "second");
  await settled();
  assert.deepEqual(two.list("r1").map(({ data }) => data), ["first", "second"]);
  two.remove("id2");
  await settled();
  assert.equal(one.size, 1);
  online = true;
  await one.resume();
  await settled();
  assert.equal(two.size, 0);
});

test("a message that comes before word of its record is not shown as waiting, too", async () => {
  const keepers = createKeepers();
  const one = setUp({ keepers, online: () => false }).outbox;
  const two = setUp({ keepers, online: () => false }).outbox;
  two.settle(message(1, { client_id: "id1" }));
  await one.add(ROOM, "x");
  await settled();
  assert.equal(two.size, 0);
});

test("what a closed tab has left is sent by one that stays", async () => {
  const keepers = createKeepers();
  const calls = [];
  const closed = setUp({ keepers, online: () => false }).outbox;
  const { waits, outbox } = setUp({ keepers, emit: stores(calls) });
  await closed.add(ROOM, "x");
  await settled();
  assert.deepEqual(waits, [30_000]);
  assert.equal(calls.length, 1);
  assert.equal(outbox.size, 0);
});

test("logging out forgets everything, in all tabs", async () => {
  const keepers = createKeepers();
  const [one, two] = [1, 2].map(() => setUp({ keepers, online: () => false }).outbox);
  await one.add(ROOM, "x");
  await settled();
  await two.clear();
  await settled();
  assert.deepEqual([one.size, two.size, keepers.records.size], [0, 0, 0]);
});

test("a record forgotten while it was on its way does not come back as failed", async () => {
  const answer = deferred();
  const keepers = createKeepers();
  const { outbox } = setUp({ keepers, emit: () => answer.promise });
  const sending = send(outbox, "x");
  await settled();
  await outbox.clear();
  answer.resolve({ error: { code: "forbidden" } });
  await sending;
  assert.deepEqual([outbox.size, keepers.records.size], [0, 0]);
});

test("where nothing can be kept, everything works as long as the tab lives", async () => {
  globalThis.BroadcastChannel = undefined; // and node has no IndexedDB
  const calls = [];
  let online = false;
  const keepers = { open: (told) => createKeeper("u1", told) };
  const { outbox } = setUp({ keepers, online: () => online, emit: stores(calls) });
  await outbox.load();
  await outbox.add(ROOM, "x");
  await outbox.add(ROOM, "y");
  outbox.remove("id2");
  online = true;
  await outbox.resume();
  assert.deepEqual(calls.map(({ data }) => data), ["x"]);
  assert.equal(outbox.size, 0);
  await outbox.clear();
});

const settled = () => new Promise(setImmediate);
