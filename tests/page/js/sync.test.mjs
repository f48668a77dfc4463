import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../../../chat/static/js/store.js";
import { createCatchUp, createSync } from "../../../chat/static/js/sync.js";
import { createTimers, deferred, group, message, messages } from "./helpers.mjs";

function setUp({ answers, rooms = [group("r1")], listed = rooms, failures = [] }) {
  const store = new Store();
  store.setMe({ id: "me", username: "me" });
  store.putRooms(rooms, []);
  const asked = [];
  const named = [];
  const revs = [];
  const reloaded = [];
  const told = [];
  const sync = createSync({
    store,
    api: { get: async () => listed },
    async emit(kind, event, payload) {
      asked.push([kind, event, payload.rooms]);
      named.push(payload.ids);
      revs.push(payload.revs);
      return answers.shift();
    },
    reload: (id) => reloaded.push(id),
    async startOver() {
      if (failures.shift()) throw new Error("unavailable");
      told.push("started over");
    },
  });
  return { store, sync, asked, named, revs, reloaded, told };
}

const nothing = { epoch: "one", rooms: {}, joined: [], gone: [] };

test("asks for what is missing page by page until it is complete", async () => {
  const { store, sync, asked, named } = setUp({
    answers: [
      { data: { ...nothing, rooms: { r1: { messages: messages(3, 5), last_seq: 7, has_more: true, reset: false } } } },
      { data: { ...nothing, rooms: { r1: { messages: messages(6, 7), last_seq: 7, has_more: false, reset: false } } } },
    ],
  });
  store.timeline("r1").load(messages(1, 2));
  await sync.run();
  assert.deepEqual(asked, [
    ["group", "sync", { r1: 2 }],
    ["group", "sync", { r1: 5 }],
  ]);
  assert.deepEqual(named, [{ r1: "m2" }, { r1: "m5" }], "with the ids of the messages there");
  assert.equal(store.timeline("r1").last, 7);
  assert.equal(store.rooms.get("r1").last_seq, 7);
});

test("a room for which an answer had no space left is asked for again", async () => {
  const { store, sync, asked } = setUp({
    rooms: [group("r1"), group("r2")],
    answers: [
      {
        data: {
          ...nothing,
          rooms: {
            r1: { messages: messages(3, 4), last_seq: 4, has_more: false, reset: false },
            r2: { messages: [], last_seq: 5, has_more: true, reset: false },
          },
        },
      },
      { data: { ...nothing, rooms: { r2: { messages: messages(2, 5), last_seq: 5, has_more: false, reset: false } } } },
    ],
  });
  store.timeline("r1").load(messages(1, 2));
  store.timeline("r2").load(messages(1, 1));
  await sync.run();
  assert.deepEqual(asked[1], ["group", "sync", { r2: 1 }]);
});

test("rooms that were never opened cost no messages", async () => {
  const { sync, asked } = setUp({ answers: [{ data: nothing }] });
  await sync.run();
  assert.deepEqual(asked, [["group", "sync", {}]], "only the epoch is asked for");
});

test("many rooms are asked for in parts that a packet can hold", async () => {
  const rooms = Array.from({ length: 501 }, (_, number) => group(`r${number}`));
  const { store, sync, asked } = setUp({ rooms, answers: [{ data: nothing }, { data: nothing }] });
  for (const { id } of rooms) store.timeline(id).load([]);
  await sync.run();
  assert.deepEqual(asked.map(([, , named]) => Object.keys(named).length), [500, 1]);
});

test("another epoch starts everything over, and what it came with is not mixed with the old", async () => {
  const missed = { r1: { messages: messages(3, 3), last_seq: 3, has_more: false, reset: false } };
  const { store, sync, told } = setUp({
    answers: [{ data: nothing }, { data: { ...nothing, epoch: "two", rooms: missed } }, { data: { ...nothing, epoch: "two" } }],
  });
  store.timeline("r1").load(messages(1, 2));
  await sync.run();
  assert.deepEqual(told, []);
  await sync.run();
  assert.deepEqual(told, ["started over"]);
  assert.equal(store.timeline("r1").last, 2);
  await sync.run();
  assert.deepEqual(told, ["started over"]);
});

test("starting over that failed is tried again", async () => {
  const other = { data: { ...nothing, epoch: "two" } };
  const { sync, told } = setUp({ answers: [{ data: nothing }, other, other], failures: [true] });
  await sync.run();
  await assert.rejects(sync.run());
  await sync.run();
  assert.deepEqual(told, ["started over"]);
});

test("a room that ends before what is known of it, or with another message, is asked for", async () => {
  const known = (id, seq) => group(id, { last_seq: seq, last_message: message(seq, { room_id: id }) });
  const other = group("r2", { last_seq: 5, last_message: message(5, { room_id: "r2", id: "other" }) });
  const { sync, asked, named } = setUp({
    rooms: [known("r1", 5), known("r2", 5), known("r3", 5), known("r4", 5)],
    listed: [known("r1", 4), other, known("r3", 5), known("r4", 6)],
    answers: [{ data: nothing }],
  });
  await sync.run();
  assert.deepEqual(asked, [["group", "sync", { r1: 5, r2: 5 }]]);
  assert.deepEqual(named, [{ r1: "m5", r2: "m5" }]);
});

test("a room the server cannot continue is started over", async () => {
  const { store, sync, reloaded } = setUp({
    answers: [{ data: { ...nothing, rooms: { r1: { messages: [], last_seq: 1, has_more: false, reset: true } } } }],
  });
  store.timeline("r1").load(messages(1, 9));
  await sync.run();
  assert.deepEqual(reloaded, ["r1"]);
});

test("what changed is asked for from the rev that is held, page by page", async () => {
  const changed = (seq) => message(seq, { version: 1, data: `changed ${seq}` });
  const page = { messages: [], last_seq: 3, has_more: false, reset: false };
  const { store, sync, asked, revs } = setUp({
    answers: [
      { data: { ...nothing, rooms: { r1: { ...page, changed: [changed(1)], last_rev: 6, has_more_changes: true } } } },
      { data: { ...nothing, rooms: { r1: { ...page, changed: [changed(3)], last_rev: 8, has_more_changes: false } } } },
    ],
  });
  store.timeline("r1").load(messages(1, 3), { rev: 4 });
  await sync.run();
  assert.deepEqual(revs, [{ r1: 4 }, { r1: 6 }]);
  assert.deepEqual(asked.map(([, , named]) => named), [{ r1: 3 }, { r1: 3 }]);
  assert.deepEqual(store.timeline("r1").messages.map(({ data }) => data), ["changed 1", "text 2", "changed 3"]);
  assert.deepEqual([store.timeline("r1").rev, store.timeline("r1").isBehind], [8, false]);
});

test("of a room read far back the changes are asked for, and no messages", async () => {
  const last = message(99);
  const { store, sync, asked, named, revs } = setUp({
    rooms: [group("r1", { last_seq: 99, last_message: last })],
    answers: [{ data: { ...nothing, rooms: { r1: { messages: [], last_seq: 99, has_more: false, reset: false, changed: [message(11, { version: 1 })], last_rev: 5, has_more_changes: false } } } }],
  });
  store.timeline("r1").load(messages(10, 20), { hasNewer: true, rev: 4 });
  await sync.run();
  assert.deepEqual([asked[0][2], named[0], revs[0]], [{ r1: 99 }, { r1: "m99" }, { r1: 4 }]);
  assert.equal(store.timeline("r1").at(11).version, 1);
  assert.equal(store.timeline("r1").last, 20);
});

test("rooms come and go", async () => {
  const { store, sync } = setUp({
    rooms: [group("r1"), group("r2")],
    listed: [group("r1"), group("r3")],
    answers: [{ data: { ...nothing, gone: ["r1"] } }],
  });
  store.timeline("r1").load([]);
  await sync.run();
  assert.deepEqual([...store.rooms.keys()], ["r3"]);
});

test("what the server refuses is the caller's to handle, and the next run starts anew", async () => {
  const { store, sync, asked } = setUp({
    answers: [{ error: { code: "unavailable", message: "" } }, { data: nothing }],
  });
  store.timeline("r1").load([]);
  await assert.rejects(sync.run(), { code: "unavailable" });
  await sync.run();
  assert.equal(asked.length, 2);
});

/** Catch up by `tries`: what each run of the sync comes to, true or false or a promise of it. */
function setUpCatchUp(tries) {
  const timers = createTimers();
  const told = [];
  const state = { online: true };
  const catchUp = createCatchUp({
    async run() {
      if (!(await tries.shift())) throw new Error("unavailable");
    },
    online: () => state.online,
    worked: () => told.push("worked"),
    failed: () => told.push("failed"),
    timers,
  });
  return { catchUp, timers, told, state };
}

test("catching up that failed is tried again, ever later, until it has worked", async () => {
  const { catchUp, timers, told } = setUpCatchUp([false, false, false, true]);
  await catchUp();
  const delays = [];
  while (timers.next() !== null) {
    delays.push(timers.next());
    await timers.run();
  }
  assert.deepEqual(told, ["failed", "failed", "failed", "worked"]);
  assert.equal(delays.length, 3);
  assert.ok(delays[0] <= 1_200 && delays[1] > delays[0] && delays[2] > delays[1], String(delays));
});

test("without a connection it is left to the next one", async () => {
  const tries = [false, true];
  const { catchUp, timers, told, state } = setUpCatchUp(tries);
  await catchUp();
  state.online = false;
  await timers.run();
  assert.equal(tries.length, 1);
  state.online = true;
  await catchUp();
  assert.deepEqual(told, ["failed", "worked"]);
  assert.equal(timers.next(), null);
});

test("a new connection does not wait for what the old one still asks", async () => {
  const old = deferred();
  const { catchUp, timers, told } = setUpCatchUp([old.promise, true]);
  const hanging = catchUp();
  await catchUp();
  assert.deepEqual(told, ["worked"]);
  old.resolve(false);
  await hanging;
  assert.deepEqual(told, ["worked"]);
  assert.equal(timers.next(), null);
});
