import assert from "node:assert/strict";
import { test } from "node:test";
import { withPresentIds } from "../../../chat/static/js/api.js";
import { Outbox } from "../../../chat/static/js/outbox.js";
import { provisionalId } from "../../../chat/static/js/provisional.js";
import { Store } from "../../../chat/static/js/store.js";
import { createKeepers, createLocks, deferred, message } from "./helpers.mjs";

const BOB = { id: "u2", username: "Bob", nickname: "Bob" };
const REAL = { id: "r1", kind: "direct", peer: BOB, last_seq: 0, last_message: null, created_at: 1 };
const ID = provisionalId("BOB");

/** A page of "me" with an outbox; `sent` are the payloads of what it emits. */
function setUp({ emit, keepers = createKeepers() }) {
  const sent = [];
  let count = 0;
  const begun = [];
  const store = new Store({
    onBegun(id, room) {
      begun.push(outbox.begin(id, room));
    },
  });
  store.setMe({ id: "me", username: "me" });
  const locks = createLocks();
  const outbox = new Outbox({
    userId: "me",
    keeper: keepers.open(() => {}),
    async emit(kind, event, payload) {
      sent.push(payload);
      return emit(payload, sent.length, store);
    },
    online: () => true,
    lock: (name, task) => locks.request(name, task),
    async stored(one) {
      if (!store.rooms.has(one.room_id)) store.putRoom(REAL);
      store.putMessage(one);
    },
    changed: (id) => store.setUnsent(id, outbox.list(id).length > 0),
    wait: async () => {},
    makeId: () => `c${++count}`,
  });
  return { store, outbox, sent, keepers, finished: () => Promise.all(begun) };
}

const stores = ({ client_id: clientId, data }, seq) => ({
  data: message(seq, { user_id: "me", client_id: clientId, data }),
});

test("a provisional room is found by its name, and not in the list", () => {
  const { store } = setUp({ emit: stores });
  assert.equal(store.directRoomWith(BOB.id), undefined);
  const room = store.putProvisional(BOB);
  assert.equal(store.directRoomWith(BOB.id), room);
  assert.equal(room.id, ID);
  assert.equal(store.putProvisional(BOB), room);
  assert.equal(store.titleOf(room), "Bob");
  assert.deepEqual(store.roomList(), []);
  assert.deepEqual(store.knownIds(), []);
  store.setUnsent(ID, true);
  assert.deepEqual(store.roomList(), [room]);
});

test("its first message goes to a name, and what follows to the room that it has begun", async () => {
  const { store, outbox, sent, finished } = setUp({ emit: stores });
  const room = store.putProvisional(BOB);
  outbox.add(room, "one");
  outbox.add(room, "two");
  await outbox.drain(ID);
  await finished();
  await outbox.drain("r1");
  assert.deepEqual(sent, [
    { to: "Bob", client_id: "c1", data: "one" },
    { room_id: "r1", client_id: "c2", data: "two" },
  ]);
  assert.equal(outbox.size, 0);
  assert.deepEqual(store.timeline(ID).messages.map(({ data }) => data), ["one", "two"]);
});

test("what is open of it goes on as the real room", async () => {
  const { store, outbox, finished } = setUp({ emit: stores });
  const timeline = (store.putProvisional(BOB), store.timeline(ID));
  store.putRoom({ ...REAL, last_seq: 3 });
  await finished();
  assert.equal(store.idOf(ID), "r1");
  assert.equal(store.rooms.get(ID), store.rooms.get("r1"));
  assert.equal(store.timelines.get("r1"), timeline);
  assert.equal(timeline.hasGap, true); // what was said before is asked for
  assert.deepEqual(store.roomList().map(({ id }) => id), ["r1"]);
  assert.deepEqual(outbox.list(ID), []);
  store.dropRoom("r1");
  assert.equal(store.rooms.has(ID), false);
  assert.equal(store.putProvisional(BOB).id, ID);
});

test("a room that begins from the other side takes what is on its way, once", async () => {
  const answered = deferred();
  const { store, outbox, sent, keepers, finished } = setUp({
    async emit(payload, seq) {
      if (payload.to) await answered.promise;
      return stores(payload, seq);
    },
  });
  const room = store.putProvisional(BOB);
  outbox.add(room, "one");
  outbox.add(room, "two");
  await new Promise(setImmediate);
  store.putRoom(REAL);
  answered.resolve();
  await finished();
  await outbox.drain("r1");
  assert.deepEqual(sent.map(({ data }) => data), ["one", "two"]);
  assert.equal(outbox.size, 0);
  assert.equal(keepers.records.size, 0);
});

test("calls about it are made about the real one", async () => {
  const { store } = setUp({ emit: stores });
  store.putProvisional(BOB);
  store.putRoom(REAL);
  const asked = [];
  const api = withPresentIds({ get: async (path) => asked.push(path) }, store);
  for (const path of [`/rooms/${ID}/messages?limit=5`, `/rooms/${ID}`, "/rooms/r9/pins", "/rooms"]) await api.get(path);
  assert.deepEqual(asked, ["/rooms/r1/messages?limit=5", "/rooms/r1", "/rooms/r9/pins", "/rooms"]);
});
