import assert from "node:assert/strict";
import { test } from "node:test";
import { forgetStart, keepStart, keptStart } from "../../../chat/static/js/kept_start.js";
import { storage } from "../../../chat/static/js/storage.js";
import { Store } from "../../../chat/static/js/store.js";
import { group, message } from "./helpers.mjs";

function storeOf(rooms) {
  const store = new Store();
  store.setMe({ id: "u1", username: "ann", nickname: "Ann", email: "ann@example.org" });
  store.putRooms(rooms, []);
  return store;
}

test("who one is and which rooms one has is there at the next start", () => {
  keepStart(storeOf([group("r1", { name: "Class", last_seq: 1, last_message: message(1) })]));
  const { me, rooms } = keptStart("u1");
  assert.equal(me.nickname, "Ann");
  assert.equal(rooms[0].name, "Class");
  const again = storeOf(rooms);
  assert.equal(again.roomList()[0].last_message.created_at, message(1).created_at);
});

test("neither a text nor an address is kept", () => {
  keepStart(storeOf([group("r1", { last_seq: 1, last_message: message(1, { data: "a secret" }) })]));
  const kept = storage.keys().map((key) => storage.getItem(key)).join();
  assert.ok(kept.includes("ann"));
  assert.ok(!kept.includes("secret") && !kept.includes("example.org"));
});

test("the latest rooms are kept, and no more than a browser holds", () => {
  const rooms = Array.from({ length: 1_000 }, (_, at) => group(`r${at}`, { created_at: at }));
  keepStart(storeOf(rooms));
  const { rooms: kept } = keptStart("u1");
  assert.equal(kept[0].id, "r999");
  assert.ok(kept.length <= 200);
});

test("it is there for its user alone, and nothing is left once it is forgotten", () => {
  keepStart(storeOf([]));
  assert.equal(keptStart("u2"), null);
  forgetStart();
  assert.equal(keptStart("u1"), null);
  assert.deepEqual(storage.keys(), []);
});

test("what another version has kept in its own way is passed over", () => {
  storage.setItem("chat.start.u1", '{"me": null}');
  assert.equal(keptStart("u1"), null);
  storage.setItem("chat.start.u1", "{");
  assert.equal(keptStart("u1"), null);
});
