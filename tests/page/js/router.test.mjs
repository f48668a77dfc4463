import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff } from "../../../chat/static/js/backoff.js";
import { isSend, opensElsewhere } from "../../../chat/static/js/keys.js";
import { parsePath, pathOf, placeOf, roomOf } from "../../../chat/static/js/router.js";
import { group } from "./helpers.mjs";

test("paths name a group by number and a person by username", () => {
  assert.deepEqual(parsePath("/r/123456789"), { name: "group", number: "123456789", seq: null });
  assert.deepEqual(parsePath("/d/Ann.B"), { name: "direct", username: "Ann.B", seq: null });
  for (const path of ["/", "/r/12", "/r/abc", "/x/1", "/d/", "/d/a/b", "/r/123456789/m/x"]) {
    assert.equal(parsePath(path).name, "home", path);
  }
  assert.equal(parsePath("/d/%").username, "%");
});

test("a room's path leads back to it", () => {
  const direct = { ...group("d1"), kind: "direct", number: null, peer: { username: "Ann" } };
  const orphan = { ...group("d2"), kind: "direct", number: null, peer: null };
  const rooms = [group("r1"), direct, orphan];
  for (const room of rooms) assert.equal(roomOf(parsePath(pathOf(room)), rooms), room);
  assert.equal(roomOf(parsePath("/d/ann"), rooms), direct);
  for (const room of rooms) assert.equal(roomOf(parsePath(`/d/${room.id}/m/4`), rooms), room);
  assert.equal(roomOf(parsePath("/r/000000000"), rooms), null);
});

test("a path names a message by its seq", () => {
  assert.deepEqual(parsePath("/r/123456789/m/40"), { name: "group", number: "123456789", seq: 40 });
  assert.equal(pathOf(group("r1"), 40), "/r/123456789/m/40");
  assert.equal(parsePath("/r/123456789/m/0").seq, null);
  assert.equal(parsePath("/d/ann/m/7").seq, 7);
});

test("waiting doubles up to half a minute", () => {
  const waits = [0, 1, 2, 3, 4, 5, 9].map((attempt) => backoff(attempt, () => 0.5));
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
});

test("Enter sends, but not in the middle of writing Chinese", () => {
  const press = { key: "Enter", shiftKey: false, isComposing: false, keyCode: 13 };
  assert.equal(isSend(press), true);
  assert.equal(isSend({ ...press, shiftKey: true }), false);
  assert.equal(isSend({ ...press, isComposing: true }), false);
  assert.equal(isSend({ ...press, keyCode: 229 }), false);
});

test("a click on a link stays here unless a key or another button says otherwise", () => {
  const click = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, button: 0 };
  assert.equal(opensElsewhere(click), false);
  for (const more of [{ altKey: true }, { ctrlKey: true }, { metaKey: true }, { shiftKey: true }, { button: 1 }]) {
    assert.equal(opensElsewhere({ ...click, ...more }), true);
  }
});

test("an address of this server leads to a place of the page, every other one away", () => {
  const here = "https://chat.example.org";
  assert.deepEqual(placeOf(`${here}/r/123456789/m/5`, here), { path: "/r/123456789/m/5" });
  assert.deepEqual(placeOf(`${here}/d/ann`, here), { path: "/d/ann" });
  assert.deepEqual(placeOf(`${here}/#invite=abc`, here), { hash: "#invite=abc" });
  for (const address of [`${here}/`, `${here}/api/rooms`, "https://other.org/r/123456789", "mailto:a@b.org"]) {
    assert.equal(placeOf(address, here), null, address);
  }
});
