import assert from "node:assert/strict";
import { test } from "node:test";
import { attentionOf, unreadIn } from "../../../chat/static/js/attention.js";
import { Store } from "../../../chat/static/js/store.js";
import { group, message, messages } from "./helpers.mjs";

const ME = { id: "me", username: "me", nickname: "", created_at: 1 };
const PEER = { id: "u2", username: "bob", nickname: "Bob", online: false };

function setUp(rooms = [group("r1")], options = {}) {
  const store = new Store(options);
  store.setMe(ME);
  store.putRooms(rooms, []);
  return store;
}

test("a message counts as unread until it is read, one's own never", () => {
  const store = setUp();
  store.apply("message_created", message(1));
  store.apply("message_created", message(2));
  assert.equal(unreadIn(store.rooms.get("r1")), 2);
  store.markRead("r1", 1);
  assert.equal(attentionOf(store.rooms.values()).count, 1);
  store.apply("message_created", message(3, { user_id: "me" }));
  assert.equal(attentionOf(store.rooms.values()).count, 0);
});

test("a muted room counts for itself, not for the whole", () => {
  const store = setUp([group("r1", { last_seq: 2 }), group("r2", { last_seq: 3, muted: true })]);
  assert.equal(unreadIn(store.rooms.get("r2")), 3);
  assert.equal(attentionOf(store.rooms.values()).count, 2);
});

test("a read mark from another tab counts, another person's does not", () => {
  const store = setUp([group("r1", { last_seq: 5 })]);
  store.apply("message_read", { room_id: "r1", user_id: "u2", seq: 5 });
  assert.equal(attentionOf(store.rooms.values()).count, 5);
  store.apply("message_read", { room_id: "r1", user_id: "me", seq: 4 });
  assert.equal(attentionOf(store.rooms.values()).count, 1);
});

test("an answer older than a push takes nothing back", () => {
  const store = setUp();
  store.apply("message_created", message(7));
  store.markRead("r1", 7);
  store.putRoom(group("r1", { last_seq: 3, last_read_seq: 2, last_message: message(3) }));
  const room = store.rooms.get("r1");
  assert.deepEqual([room.last_seq, room.last_read_seq, room.last_message.seq], [7, 7, 7]);
});

test("a push without marks and peer keeps those known", () => {
  const direct = { ...group("d1"), kind: "direct", number: null, name: null, peer: PEER, last_read_seq: 4, last_seq: 4 };
  const store = setUp([direct]);
  const { last_read_seq: _, unread: __, muted: ___, peer: ____, ...pushed } = direct;
  store.apply("room_updated", pushed);
  assert.equal(store.rooms.get("d1").peer.username, "bob");
  assert.equal(attentionOf(store.rooms.values()).count, 0);
});

test("what one has set of a room elsewhere is known here, too", () => {
  const store = setUp([group("r1", { last_seq: 5 })]);
  assert.equal(attentionOf(store.rooms.values()).count, 5);
  store.apply("room_settings_changed", { room_id: "r1", notify: "none", muted: true, hidden: false, pinned: true });
  store.apply("room_settings_changed", { room_id: "r9", notify: "none", muted: true, hidden: false, pinned: true });
  const { muted, pinned } = store.rooms.get("r1");
  assert.deepEqual([attentionOf(store.rooms.values()).count, muted, pinned, store.rooms.has("r9")], [0, true, true, false]);
});

test("a room that was hidden elsewhere before its last message stays in the list", () => {
  const store = setUp([{ ...group("d1"), kind: "direct", peer: PEER, last_seq: 1 }]);
  const hiddenAt = (seq) => ({ room_id: "d1", last_seq: seq, notify: "all", muted: false, hidden: true, pinned: false });
  const shown = () => store.shownRooms(null).map(({ id }) => id);
  store.apply("message_created", message(2, { room_id: "d1" }));
  store.apply("room_settings_changed", hiddenAt(1));
  assert.deepEqual(shown(), ["d1"]);
  store.apply("room_settings_changed", hiddenAt(3)); // it overtook the message 3
  assert.deepEqual(shown(), []);
  store.apply("message_created", message(3, { room_id: "d1" }));
  assert.deepEqual(shown(), [], "hidden after it");
  store.apply("message_created", message(4, { room_id: "d1" }));
  assert.deepEqual(shown(), ["d1"]);
});

test("a direct room pushed without its peer is fetched, and so is an unknown one", () => {
  const wanted = [];
  const store = setUp([], { onUnknownRoom: (id) => wanted.push(id) });
  store.apply("room_created", { ...group("d1"), kind: "direct", number: null, name: null });
  store.apply("message_created", message(1, { room_id: "r9" }));
  assert.deepEqual(wanted, ["d1", "r9"]);
});

test("rooms that are gone from the list are gone, those that just came stay", () => {
  const store = setUp([group("r1"), group("r2")]);
  const asked = [...store.rooms.keys()];
  store.apply("room_created", group("r3"));
  store.putRooms([group("r2")], asked);
  assert.deepEqual([...store.rooms.keys()].sort(), ["r2", "r3"]);
});

test("leaving takes the room away, someone else's leaving does not", () => {
  const store = setUp();
  store.apply("member_left", { room_id: "r1", user_id: "u2" });
  assert.ok(store.rooms.has("r1"));
  store.apply("member_left", { room_id: "r1", user_id: "me" });
  assert.ok(!store.rooms.has("r1"));
});

test("typing is shown for five seconds, or until the message is there", () => {
  let now = 1000;
  const store = setUp(undefined, { now: () => now });
  store.apply("user_typing", { room_id: "r1", user_id: "u2" });
  store.apply("user_typing", { room_id: "r1", user_id: "me" });
  assert.deepEqual(store.typists("r1"), ["u2"]);
  now += 5001;
  assert.deepEqual(store.typists("r1"), []);
  store.apply("user_typing", { room_id: "r1", user_id: "u2" });
  store.apply("message_created", message(1, { user_id: "u2" }));
  assert.deepEqual(store.typists("r1"), []);
});

test("presence follows a person into every room shared", () => {
  const store = setUp([{ ...group("d1"), kind: "direct", peer: PEER }]);
  const keys = [];
  store.subscribe((key) => keys.push(key));
  store.apply("presence_changed", { user_id: "u2", online: true });
  assert.equal(store.users.get("u2").online, true);
  assert.ok(keys.includes("room:d1"));
});

test("the list is ordered by what was said last", () => {
  const store = setUp([group("r1", { created_at: 5 }), group("r2", { created_at: 9 })]);
  assert.deepEqual(store.roomList().map(({ id }) => id), ["r2", "r1"]);
  store.apply("message_created", message(1));
  assert.deepEqual(store.roomList().map(({ id }) => id), ["r1", "r2"]);
});

test("an event nobody knows changes nothing", () => {
  const store = setUp();
  store.apply("something_new", { room_id: "r1" });
  assert.equal(store.rooms.size, 1);
});

test("an open timeline follows", () => {
  const store = setUp();
  store.timeline("r1").load(messages(1, 2));
  store.apply("message_created", message(3));
  assert.equal(store.timeline("r1").last, 3);
});

test("a sender nobody has told of is called as the message says", () => {
  const store = setUp();
  const said = message(1, { user_id: "u9", username: "chenmo", nickname: "陈墨" });
  assert.equal(store.authorOf(said), "陈墨");
  assert.equal(store.authorOf({ ...said, nickname: undefined }), "chenmo");
  store.keepUser({ id: "u9", username: "chenmo", nickname: "墨墨" }); // heard of since
  assert.equal(store.authorOf(said), "墨墨");
});

test("whose name was not heard yet is not called a deleted account", () => {
  const store = setUp();
  const pointer = { id: "m1", seq: 1, user_id: "u9" };
  assert.equal(store.authorOf(pointer), "…");
  store.keepUser({ id: "u9", username: "chenmo", nickname: "" });
  assert.equal(store.authorOf(pointer), "chenmo");
});

test("who is gone from a direct room has no name any more", () => {
  const direct = { ...group("d1"), kind: "direct", number: null, name: null, peer: PEER, last_read_seq: 0 };
  const store = setUp([direct]);
  const old = message(1, { room_id: "d1", user_id: "u2", username: "bob", nickname: "Bob" });
  store.apply("message_created", old);
  assert.equal(store.authorOf(old), "Bob");
  store.apply("member_left", { room_id: "d1", user_id: "u2" });
  const room = store.rooms.get("d1");
  assert.equal(room.peer, null);
  assert.equal(store.titleOf(room), store.authorOf(old));
  assert.equal(store.authorOf(message(2, { user_id: "u9", username: "" })), store.titleOf(room));
});

test("a new name and picture are everywhere, and of oneself too", () => {
  const store = setUp([group("r1"), group("d1", { kind: "direct", name: null, peer: PEER })]);
  store.putMembers("r1", [{ user: PEER, role: "member" }]);
  const changed = [];
  store.subscribe((key) => changed.push(key));
  store.apply("user_changed", { ...PEER, nickname: "Robert", avatar: "/b.png", online: undefined });
  assert.equal(store.titleOf(store.rooms.get("d1")), "Robert");
  assert.equal(store.faceOf(store.rooms.get("d1")).avatar, "/b.png");
  assert.equal(store.authorOf(message(1, { user_id: PEER.id })), "Robert");
  for (const key of ["rooms", "room:d1", "members:r1", "timeline:r1"]) assert.ok(changed.includes(key), key);
  store.setMe({ ...ME, email: "me@example.org", locale: "en" });
  store.apply("user_changed", { ...ME, nickname: "Myself" });
  assert.deepEqual(store.me, { ...ME, nickname: "Myself", email: "me@example.org", locale: "en" });
});

test("a name that changed while one was away is learned from the next message", () => {
  const store = setUp();
  store.putMembers("r1", [{ user: PEER, role: "member" }]);
  const changed = [];
  store.subscribe((key) => changed.push(key));
  store.putMessage(message(1, { user_id: PEER.id, nickname: "Robert" }));
  assert.equal(store.authorOf(message(1, { user_id: PEER.id, nickname: "Bob" })), "Robert");
  assert.ok(changed.includes("members:r1"));
  store.putMessage(message(2, { user_id: PEER.id, username: "bob" })); // no nickname any more
  assert.equal(store.authorOf(message(1, { user_id: PEER.id, nickname: "Bob" })), "bob");
});

test("of another past nothing is kept but the rooms themselves", () => {
  const store = setUp([group("r1", { last_seq: 9, last_read_seq: 9, last_message: message(9) })]);
  store.timeline("r1").load(messages(1, 9));
  store.putMembers("r1", [{ user: PEER, role: "member" }]);
  const changed = [];
  store.subscribe((key) => changed.push(key));
  store.forgetPast();
  assert.equal(store.users.has(PEER.id), false);
  store.putRooms([group("r1", { last_seq: 4, last_read_seq: 2, last_message: message(4) })], ["r1"]);
  const room = store.rooms.get("r1");
  assert.deepEqual([room.last_seq, unreadIn(room), room.last_message.seq], [4, 2, 4]);
  assert.deepEqual([store.timeline("r1").loaded, store.timeline("r1").head], [false, 4]);
  assert.equal(store.members.has("r1"), false);
  assert.ok(changed.includes("timeline:r1") && changed.includes("roles:r1"));
});

const DIRECT = { ...group("d1"), kind: "direct", number: null, name: null, peer: PEER, blocked: false };

test("a hidden room is shown while it is open, and by the next message for good", () => {
  const store = setUp([{ ...DIRECT, hidden: true, last_seq: 3, last_message: message(3, { room_id: "d1" }) }]);
  assert.deepEqual(store.shownRooms(undefined), []);
  assert.deepEqual(store.shownRooms("d1").map(({ id }) => id), ["d1"]);
  assert.equal(attentionOf(store.rooms.values()).count, 0);
  store.apply("message_created", message(3, { room_id: "d1" })); // told once more
  assert.deepEqual(store.shownRooms(undefined), []);
  store.apply("message_created", message(4, { room_id: "d1" }));
  assert.deepEqual(store.shownRooms(undefined).map(({ id }) => id), ["d1"]);
  store.putRoom({ ...DIRECT, hidden: true, last_seq: 3 }); // an answer from before the message
  assert.equal(store.rooms.get("d1").hidden, false);
});

test("a membership request is shown until it is answered or one is in the group", () => {
  const store = setUp([]);
  const request = { id: "i1", room: { id: "r7", name: "Tea", info: "", members: 2 }, invited_by: PEER, created_at: 1 };
  store.apply("invitation_received", request);
  store.apply("invitation_received", request);
  assert.deepEqual([...store.requests.keys()], ["i1"]);
  store.apply("room_created", group("r7"));
  assert.equal(store.requests.size, 0);
  store.putRequests([request]);
  store.dropRequest("i1");
  assert.equal(store.requests.size, 0);
});

test("a block shows in the direct room of the one who is blocked", () => {
  const store = setUp([DIRECT, group("r1")]);
  store.setBlocked(PEER.id, true);
  assert.equal(store.rooms.get("d1").blocked, true);
  assert.equal(store.rooms.get("r1").blocked, undefined);
  assert.deepEqual([...store.blocks], [PEER.id]);
  store.setBlocked(PEER.id, false);
  assert.equal(store.rooms.get("d1").blocked, false);
  store.putBlocks([PEER]);
  assert.deepEqual([...store.blocks], [PEER.id]);
});

/** Make a push of changes of the room r1. */
function changes(afterRev, lastRev, ...changed) {
  return { room_id: "r1", messages: changed, after_rev: afterRev, last_rev: lastRev };
}

test("a preview follows the change of the newest message, and no older copy takes it back", () => {
  const store = setUp([group("r1", { last_seq: 2, last_message: message(2) })]);
  const preview = () => store.rooms.get("r1").last_message.data;
  store.apply("messages_changed", changes(0, 1, message(1, { version: 1, data: "not the newest" })));
  assert.equal(preview(), "text 2");
  store.apply("messages_changed", changes(1, 3, message(2, { version: 2, data: "twice edited" })));
  store.apply("messages_changed", changes(1, 2, message(2, { version: 1, data: "once edited" })));
  store.apply("message_created", message(2));
  store.putRoom(group("r1", { last_seq: 2, last_message: message(2, { version: 1, data: "once edited" }) }));
  assert.equal(preview(), "twice edited");
  store.putRoom(group("r1", { last_seq: 2, last_message: message(2, { version: 3, data: "" }) }));
  assert.equal(preview(), "");
});

test("changes make nothing unread, and a message is counted once however one learns of it", () => {
  const store = setUp([group("r1", { last_seq: 2, last_read_seq: 1, last_message: message(2) })]);
  store.apply("messages_changed", changes(0, 1, message(1, { version: 1 }), message(2, { version: 1 })));
  assert.equal(attentionOf(store.rooms.values()).count, 1);
  store.apply("messages_changed", changes(1, 2, message(3, { version: 1, data: "changed" }))); // before it has come
  store.apply("message_created", message(3));
  assert.equal(attentionOf(store.rooms.values()).count, 2);
  assert.equal(store.rooms.get("r1").last_message.data, "changed");
});

test("an ack that is older than a push takes nothing back", () => {
  const store = setUp();
  store.timeline("r1").load(messages(1, 2));
  store.apply("messages_changed", changes(0, 1, message(2, { version: 1, data: "", deleted_at: 5 })));
  store.putMessage(message(2));
  assert.equal(store.timeline("r1").at(2).deleted_at, 5);
  assert.equal(store.latest(message(2)).deleted_at, 5);
});

test("a room that says there are more changes shows that some were missed", () => {
  const store = setUp();
  store.timeline("r1").load(messages(1, 2), { rev: 3 });
  store.putRoom(group("r1", { last_seq: 2, last_rev: 3 }));
  assert.equal(store.timeline("r1").isBehind, false);
  const keys = [];
  store.subscribe((key) => keys.push(key));
  store.putRoom(group("r1", { last_seq: 2, last_rev: 4 }));
  assert.equal(store.timeline("r1").isBehind, true);
  assert.ok(keys.includes("timeline:r1"));
});

test("changes of another past are forgotten with it", () => {
  const store = setUp();
  store.timeline("r1").load(messages(1, 2), { rev: 3 });
  store.apply("messages_changed", changes(5, 6, message(2, { version: 4, data: "of the old past" })));
  store.forgetPast();
  store.timeline("r1").load([message(1), message(2, { version: 1, data: "of the new past" })], { rev: 1 });
  const { rev, isBehind } = store.timeline("r1");
  assert.deepEqual([rev, isBehind, store.timeline("r1").at(2).data], [1, false, "of the new past"]);
});

test("somebody who edits still types", () => {
  const store = setUp();
  store.apply("user_typing", { room_id: "r1", user_id: "u1" });
  store.apply("messages_changed", changes(0, 1, message(1, { version: 1 })));
  assert.deepEqual(store.typists("r1"), ["u1"]);
});

test("how far the others have read is known from lists, marks and what they wrote, and never goes back", () => {
  const store = setUp([group("r1", { last_seq: 9 })]);
  const member = (id, seq) => ({ user: { id, username: id }, role: "member", last_read_seq: seq });
  store.putMembers("r1", [member("u2", 4), member("u3", 0)]);
  assert.equal(store.readMark("r1", "u2"), 4);
  store.apply("message_read", { room_id: "r1", user_id: "u2", seq: 6 });
  store.apply("message_read", { room_id: "r1", user_id: "u2", seq: 5 });
  store.apply("message_created", message(7, { user_id: "u3" }));
  store.putMembers("r1", [member("u2", 3), member("u3", 3)]);
  assert.deepEqual([store.readMark("r1", "u2"), store.readMark("r1", "u3")], [6, 7]);
});

test("the other one of a direct room is online as far as is known, and not once blocked", () => {
  const store = new Store();
  store.setMe({ id: "me", username: "me" });
  assert.equal(store.isPeerOnline(DIRECT), false);
  store.keepUser({ ...PEER, online: true });
  assert.equal(store.isPeerOnline(DIRECT), true);
  assert.equal(store.isPeerOnline({ ...DIRECT, blocked: true }), false);
  assert.equal(store.isPeerOnline(group("r1")), false);
});

test("of somebody whom one has blocked no read mark is shown", () => {
  const direct = { ...group("d1"), kind: "direct", number: null, name: null, peer: PEER };
  const store = setUp([direct]);
  store.apply("message_read", { room_id: "d1", user_id: PEER.id, seq: 3 });
  assert.equal(store.readMark("d1", PEER.id), 3);
  store.setBlocked(PEER.id, true);
  assert.equal(store.readMark("d1", PEER.id), 0);
});

test("what calls for attention: messages of rooms that tell of all, mentions of those that tell of these", () => {
  const store = setUp();
  const rooms = { r1: "all", r2: "mentions", r3: "none" };
  const list = Object.entries(rooms).map(([id, notify]) => group(id, { notify }));
  store.putRooms(list, []);
  for (const id of Object.keys(rooms)) {
    for (const seq of [1, 2]) store.putMessage(message(seq, { id: `${id}${seq}`, room_id: id }));
  }
  assert.deepEqual(attentionOf(store.rooms.values()), { count: 2, mentioned: false });
  for (const id of Object.keys(rooms)) {
    store.putMessage(message(3, { id: `${id}3`, room_id: id, mentions: ["me"] }));
  }
  assert.deepEqual(attentionOf(store.rooms.values()), { count: 4, mentioned: true });
  store.markRead("r1", 3);
  store.markRead("r2", 3);
  assert.deepEqual(attentionOf(store.rooms.values()), { count: 0, mentioned: false });
});

test("pinned rooms stand first, wherever they were pinned", () => {
  const store = setUp();
  store.putRooms([group("r1", { created_at: 1 }), group("r2", { created_at: 2 })], []);
  const order = () => store.roomList().map(({ id }) => id);
  assert.deepEqual(order(), ["r2", "r1"]);
  const settings = { notify: "none", muted: true, hidden: false, pinned: true };
  store.apply("room_settings_changed", { room_id: "r1", ...settings });
  assert.deepEqual(order(), ["r1", "r2"]);
});
