import assert from "node:assert/strict";
import { test } from "node:test";
import { createRoomActions } from "../../../chat/static/js/actions/rooms.js";
import { memberCount } from "../../../chat/static/js/format.js";
import { setLocale } from "../../../chat/static/js/i18n.js";
import { createMemberOrder, keepOrder } from "../../../chat/static/js/member_order.js";
import { finishedNames, splitNames } from "../../../chat/static/js/names.js";
import { beside } from "../../../chat/static/js/placing.js";
import { Store, nameOf } from "../../../chat/static/js/store.js";
import { knownPeople } from "../../../chat/static/js/views/person_search.js";

const member = (username, role = "member", online = false) => ({ user: { id: username, username, online }, role });
const HOW = { nameOf, isOnline: ({ online }) => online };
const namesOf = (members) => members.map(({ user }) => user.username);

test("who leads a group stands on top, then who is online, then names as people count", () => {
  const order = createMemberOrder("en");
  const members = [
    member("pupil10"),
    member("pupil2"),
    member("Pupil1"),
    member("zoe", "member", true),
    member("anna", "admin"),
    member("yan", "owner"),
    member("bert", "admin", true),
  ];
  const sorted = ["yan", "anna", "bert", "zoe", "Pupil1", "pupil2", "pupil10"];
  assert.deepEqual(namesOf(order(members, HOW)), sorted);
  members[0].user.online = true;
  assert.deepEqual(namesOf(order(members, HOW)).slice(3, 5), ["pupil10", "zoe"]);
  members[0].user.nickname = "zz";
  assert.deepEqual(namesOf(order(members, HOW)).slice(3, 5), ["zoe", "pupil10"]);
  members.pop();
  assert.equal(order(members, HOW).length, 6);
});

test("Chinese names are sorted by how they sound", () => {
  const order = createMemberOrder("zh-Hans");
  assert.deepEqual(namesOf(order([member("王雨"), member("陈墨"), member("林晓")], HOW)), ["陈墨", "林晓", "王雨"]);
});

test("an order that is kept loses who is gone and gets who is new at its end", () => {
  const keyOf = (one) => one[0];
  assert.deepEqual(keepOrder(["a1", "b1", "c1"], ["d2", "c2", "a2"], keyOf), ["a2", "c2", "d2"]);
});

test("several names are told apart however they are written down", () => {
  assert.deepEqual(splitNames("ann, @bob；陈墨、cleo\ndan"), ["ann", "bob", "陈墨", "cleo", "dan"]);
  assert.deepEqual(splitNames("@ann @bob"), ["ann", "bob"]);
  assert.deepEqual(splitNames("＠ann ＠bob，﹫cleo"), ["ann", "bob", "cleo"]);
  assert.deepEqual(splitNames(" Emma Reed "), ["Emma Reed"]);
  assert.deepEqual(splitNames(" , "), []);
  assert.deepEqual(finishedNames("ann, bo"), { names: ["ann"], rest: "bo" });
  assert.deepEqual(finishedNames("ann"), { names: [], rest: "ann" });
});

test("a card stands beside what was clicked, and wholly on the screen", () => {
  const size = { width: 300, height: 400 };
  const view = { width: 1000, height: 700 };
  const box = (left, top) => ({ left, top, right: left + 100, bottom: top + 40 });
  assert.deepEqual(beside(box(100, 50), size, view), { left: 208, top: 50 });
  assert.deepEqual(beside(box(400, 50), size, view, true), { left: 92, top: 50 });
  assert.deepEqual(beside(box(800, 650), size, view), { left: 492, top: 292 });
  const narrow = { width: 420, height: 700 };
  assert.deepEqual(beside(box(160, 50), size, narrow), { left: 112, top: 98 });
  assert.deepEqual(beside(box(160, 650), size, narrow), { left: 112, top: 242 });
});

test("people one knows are found by any part of a name, those one talks to first", () => {
  const store = new Store();
  store.setMe({ id: "1", username: "me" });
  for (const [id, username, nickname] of [["2", "tomas", "Tomas Novak"], ["3", "novak2", "N"], ["4", "emma", "Emma"]]) {
    store.keepUser({ id, username, nickname });
  }
  store.putRoom({ id: "r", kind: "direct", peer: { id: "3", username: "novak2" }, last_seq: 0, created_at: 1 });
  assert.deepEqual(knownPeople(store, "nov").map(({ id }) => id), ["3", "2"]);
  assert.deepEqual(knownPeople(store, "").map(({ id }) => id), ["3", "2", "4"]);
  assert.deepEqual(knownPeople(store, "me").map(({ id }) => id), []);
});

test("the members of a group are counted, and those of them who are online", () => {
  setLocale("en");
  const store = new Store();
  const members = [member("ann"), member("bob"), member("cleo", "member", true)];
  assert.equal(memberCount(store, members.slice(0, 2)), "2 members");
  assert.equal(memberCount(store, members), "3 members, 1 online");
  store.keepUser({ id: "ann", username: "ann", online: true }); // heard since
  assert.equal(memberCount(store, members), "3 members, 2 online");
});

test("the members of a group are asked for once by all who ask in one moment, and again later", async () => {
  const asked = [];
  const api = {
    async get(path) {
      asked.push(path);
      return [member("ann")];
    },
  };
  const store = new Store();
  const { loadMembers } = createRoomActions({ store, api });
  await Promise.all([loadMembers("r1"), loadMembers("r1"), loadMembers("r2")]);
  assert.deepEqual(asked, ["/rooms/r1/members", "/rooms/r2/members"]);
  assert.deepEqual(namesOf(store.members.get("r1")), ["ann"]);
  const first = loadMembers("r1");
  await null; // another moment
  await Promise.all([first, loadMembers("r1")]);
  assert.equal(asked.length, 4);
});
