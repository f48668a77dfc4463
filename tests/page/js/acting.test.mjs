import assert from "node:assert/strict";
import { test } from "node:test";
import { createCatalogue, withTone, withUsed } from "../../../chat/static/js/emoji.js";
import { MOST_SUGGESTED, mentionAt, suggest } from "../../../chat/static/js/mentions.js";
import { follows } from "../../../chat/static/js/pinned.js";
import { place } from "../../../chat/static/js/placing.js";
import { quoteOf } from "../../../chat/static/js/quoted.js";
import { closedBy, rightsOver } from "../../../chat/static/js/rights.js";
import { Store } from "../../../chat/static/js/store.js";
import { withReaction } from "../../../chat/static/js/versions.js";
import { excerptOf } from "../../../chat/static/js/views/excerpt.js";
import { createMentionSearch } from "../../../chat/static/js/views/mention_search.js";
import { MARKS, wrap } from "../../../chat/static/js/wrapping.js";
import { group, message, processorMs } from "./helpers.mjs";

const member = (username, nickname = username, role = "member") => ({
  user: { id: `id-${username}`, username, nickname },
  role,
});
const names = (found) => found.map(({ user, all }) => user?.username ?? `*${all}`);

test("an @ begins a mention where a word can begin", () => {
  assert.deepEqual(mentionAt("hello @an", 9), { start: 6, query: "an" });
  assert.deepEqual(mentionAt("你好@陈", 4), { start: 2, query: "陈" });
  assert.deepEqual(mentionAt("(@", 2), { start: 1, query: "" });
  assert.deepEqual(mentionAt("＠ann", 4), { start: 0, query: "ann" });
  assert.deepEqual(mentionAt("hello @ann and", 10), { start: 6, query: "ann" });
  for (const text of ["ann@example", "@ann ", "hello", "@@ann", "7@ann"]) {
    assert.equal(mentionAt(text, text.length), null, text);
  }
});

test("any part of a name finds a member: its beginning first, of these who wrote last", () => {
  const members = [member("tomas", "Tomas Novak"), member("nova"), member("chenmo", "陈墨"), member("anova")];
  assert.deepEqual(names(suggest(members, "nov")), ["nova", "tomas", "anova"]);
  assert.deepEqual(names(suggest(members, "ＮＯＶ")), ["nova", "tomas", "anova"]);
  assert.deepEqual(names(suggest(members, "墨")), ["chenmo"]);
  assert.deepEqual(names(suggest(members, "", { recent: ["id-chenmo", "id-tomas"], me: "id-nova" })), [
    "chenmo",
    "tomas",
    "anova",
  ]);
});

test("in a room of two the other one is suggested", () => {
  const store = new Store();
  store.setMe({ id: "1", username: "ann" });
  store.putRoom({ id: "d", kind: "direct", peer: { id: "2", username: "bob" }, last_seq: 0, created_at: 1 });
  const find = createMentionSearch({ roomId: "d", app: { store, actions: {} }, found() {} });
  assert.deepEqual(names(find("")), ["bob"]);
  assert.deepEqual(names(find("cleo")), []);
});

test("everybody is among the suggestions, but never first by accident", () => {
  const members = Array.from({ length: 20 }, (_, index) => member(`member${index}`));
  const all = ["all", "所有人"];
  const found = names(suggest(members, "", { all }));
  assert.equal(found.length, MOST_SUGGESTED);
  assert.equal(found.at(-1), "*all");
  assert.deepEqual(names(suggest([member("alba")], "al", { all })), ["alba", "*all"]);
  assert.deepEqual(names(suggest(members, "所", { all })), ["*所有人"]);
  assert.deepEqual(names(suggest(members, "all")), []);
});

test("5,000 members are searched faster than one types", () => {
  const members = Array.from({ length: 5000 }, (_, index) => member(`pupil${index}`, `Pupil No ${index}`));
  suggest(members, "warm");
  const begun = process.cpuUsage();
  for (const query of ["p", "pu", "no 4", "99", "nobody"]) suggest(members, query);
  assert.ok(processorMs(begun) < 5 * 50);
});

test("emoji are found by words of both languages, best by their names", () => {
  const list = { groups: [["😀", "🐱"], ["👋", "✌️"]], tones: ["👋", "✌️"] };
  const en = ["grinning face|happy", "cat face|pet", "waving hand|hello", "victory hand|peace"];
  const zh = ["笑脸|开心", "猫脸|宠物", "挥手|你好", "胜利手势|剪刀手"];
  const catalogue = createCatalogue(list, [zh, en]);
  const find = (query) => catalogue.search(query).map(({ emoji }) => emoji);
  assert.deepEqual(find("cat"), ["🐱"]);
  assert.deepEqual(find("猫"), ["🐱"]);
  assert.deepEqual(find("face"), ["😀", "🐱"]);
  assert.deepEqual(find("HAND peace"), ["✌️"]);
  assert.deepEqual(find("👋"), ["👋"]);
  assert.deepEqual(find("nothing"), []);
  assert.equal(catalogue.find("👋🏽").name, "挥手");
  assert.equal(catalogue.find("✌🏽").name, "胜利手势");
});

test("a skin tone takes the place of the selector", () => {
  assert.equal(withTone("👋", 0), "👋");
  assert.equal(withTone("👋", 3), "👋🏽");
  assert.equal(withTone("✌️", 1), "✌🏻");
  assert.equal(withTone("🧑‍💻", 5), "🧑🏿‍💻");
});

test("an emoji used again moves to the front", () => {
  assert.deepEqual(withUsed(["a", "b", "c"], "c"), ["c", "a", "b"]);
  assert.equal(withUsed(Array.from({ length: 24 }, (_, index) => `${index}`), "new").length, 24);
});

test("marks go around the selection, and away again", () => {
  const apply = (text, start, end, mark) => {
    const { from, to, text: put, ...selection } = wrap(text, start, end, mark);
    return [text.slice(0, from) + put + text.slice(to), selection.start, selection.end];
  };
  assert.deepEqual(apply("a word", 2, 6, MARKS.b), ["a **word**", 4, 8]);
  assert.deepEqual(apply("a **word**", 4, 8, MARKS.b), ["a word", 2, 6]);
  assert.deepEqual(apply("a **word**", 4, 8, MARKS.i), ["a ***word***", 5, 9]);
  assert.deepEqual(apply("a ***word***", 5, 9, MARKS.i), ["a **word**", 4, 8]);
  assert.deepEqual(apply("", 0, 0, MARKS.e), ["``", 1, 1]);
  assert.deepEqual(apply("``", 1, 1, MARKS.e), ["", 0, 0]);
});

test("a panel stands below what opened it, else above, and always inside the window", () => {
  const view = { width: 400, height: 600 };
  const size = { width: 200, height: 100 };
  const at = (left, top) => ({ left, right: left + 30, top, bottom: top + 20 });
  assert.deepEqual(place(at(20, 20), size, view), { left: 20, top: 44 });
  assert.deepEqual(place(at(20, 550), size, view), { left: 20, top: 446 });
  assert.deepEqual(place(at(390, 20), size, view), { left: 192, top: 44 });
  assert.deepEqual(place(at(300, 20), size, view, { end: true }), { left: 130, top: 44 });
  assert.deepEqual(place(at(20, 300), { width: 500, height: 700 }, view), { left: 8, top: 8 });
});

test("a reaction is put to those there are, and taken away with the last one", () => {
  const first = withReaction(message(1), "👍", true, "me");
  assert.deepEqual(first.reactions, [{ emoji: "👍", count: 1, user_ids: ["me"] }]);
  assert.deepEqual(first.own_reactions, ["👍"]);
  assert.equal(withReaction(first, "👍", true, "me"), first);
  const second = withReaction(first, "👍", true, "other");
  assert.equal(second.reactions[0].count, 2);
  assert.deepEqual(withReaction(first, "👍", false, "me").reactions, []);
});

/** A store with one group and a message in it. */
function setUp() {
  const store = new Store();
  store.setMe({ id: "me", username: "me" });
  store.putRoom(group("r1", { owner_id: "owner", last_seq: 1 }));
  store.timeline("r1").load([message(1)]);
  return { store, reactions: () => store.timeline("r1").at(1).reactions ?? [] };
}

test("a reaction shows at once, stays through a push of another change, and goes when it is refused", () => {
  const { store, reactions } = setUp();
  const wish = { roomId: "r1", seq: 1, emoji: "👍", on: true };
  store.wish(wish);
  assert.equal(reactions()[0].count, 1);
  store.putChanges({ room_id: "r1", messages: [message(1, { version: 1, reactions: [] })], after_rev: 0, last_rev: 1 });
  assert.equal(reactions()[0].count, 1);
  store.settle(wish, { refused: true });
  assert.deepEqual(reactions(), []);
});

test("of two wishes for one reaction the later one counts, also when the first is refused", () => {
  const { store, reactions } = setUp();
  const [on, off] = [true, false].map((value) => ({ roomId: "r1", seq: 1, emoji: "👍", on: value }));
  store.wish(on);
  store.wish(off);
  const done = [{ emoji: "👍", count: 1, user_ids: ["me"] }];
  store.putCopy(message(1, { version: 1, reactions: done, own_reactions: ["👍"] }));
  assert.deepEqual(reactions(), []);
  store.settle(on, { refused: true });
  assert.deepEqual(reactions(), []);
  store.putCopy(message(1, { version: 2, reactions: [], own_reactions: [] }));
  store.settle(off);
  assert.deepEqual(reactions(), []);
});

test("pins follow the changes of messages", () => {
  const pinned = (seq, version, more) => message(seq, { version, pinned: true, ...more });
  const pins = follows([pinned(1, 1)], [pinned(5, 1), pinned(1, 2, { data: "edited" })]);
  assert.deepEqual(pins.map(({ seq, data }) => [seq, data]), [[5, "text 5"], [1, "edited"]]);
  assert.deepEqual(follows(pins, [message(5, { version: 2, pinned: false })]).map(({ seq }) => seq), [1]);
  assert.equal(follows(pins, [pinned(1, 1)])[1].data, "edited");
});

test("what may be done to a message depends on whose it is, and on the room", () => {
  const { store } = setUp();
  const room = () => store.rooms.get("r1");
  const own = message(1, { user_id: "me" });
  const all = { reply: true, react: true, edit: false, pin: false, remove: false };
  assert.deepEqual(rightsOver(store, room(), message(1)), all);
  assert.deepEqual(rightsOver(store, room(), own), { ...all, edit: true, remove: true });
  store.putRoom({ ...room(), posting: "admins" });
  assert.deepEqual(rightsOver(store, room(), own), { ...all, reply: false, remove: true });
  assert.equal(closedBy(store, room()), "admins");
  store.putMembers("r1", [{ user: { id: "me", username: "me" }, role: "admin" }]);
  assert.deepEqual(rightsOver(store, room(), message(1)), { ...all, pin: true, remove: true });
  const direct = { id: "d", kind: "direct", peer: { id: "x" }, blocked: true };
  assert.deepEqual(rightsOver(store, direct, message(1)), {
    ...all,
    reply: false,
    react: false,
  });
  assert.equal(rightsOver(store, { ...direct, blocked: false }, message(1)).pin, true);
});

test("quotes and excerpts are short, and cut no character in two", () => {
  const long = message(1, { data: "👍".repeat(300) });
  assert.equal([...quoteOf(long, "Ann").data].length, 200);
  assert.equal(excerptOf(long), `${"👍".repeat(200)}…`);
  assert.equal(excerptOf(message(1, { data: "one\n\ntwo" })), "one two");
});
