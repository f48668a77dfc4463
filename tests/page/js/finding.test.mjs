import assert from "node:assert/strict";
import { test } from "node:test";
import { pictureOf } from "../../../chat/static/js/views/avatar.js";
import { findRooms } from "../../../chat/static/js/views/switcher.js";

const HERE = "http://chat.example:5000";

test("pictures come from https and from this server, from nowhere else", () => {
  assert.equal(pictureOf("https://a.example/b.png", HERE), "https://a.example/b.png");
  assert.equal(pictureOf("/faces/ann.png", HERE), `${HERE}/faces/ann.png`);
  const refused = ["", null, "http://a.example/b.png", "//a.example/b.png", "/\\\\a.example/b.png"];
  for (const address of [...refused, "javascript:alert(1)", "data:image/png;base64,AA", "https://"]) {
    assert.equal(pictureOf(address, HERE), null, address);
  }
});

test("rooms are found by any part of their names, those that begin with it first", () => {
  const rooms = ["Night walkers", "Walkers", "Readers"];
  const find = (query) => findRooms(rooms, query, (title) => title);
  assert.deepEqual(find("WALK "), ["Walkers", "Night walkers"]);
  assert.deepEqual(find(""), rooms);
  assert.deepEqual(find("zzz"), []);
});
