import assert from "node:assert/strict";
import { test } from "node:test";
import { findByTitle, peopleQuery, withFound } from "../../../chat/static/js/finding.js";
import { Store } from "../../../chat/static/js/store.js";
import { joinChoices } from "../../../chat/static/js/views/palette_choices.js";
import { group } from "./helpers.mjs";

test("titles are found by any part: first where it begins them, then where it begins a word", () => {
  const rooms = ["Sidewalk", "Night walkers", "Walkers", "Readers"];
  const find = (query) => findByTitle(rooms, query, (title) => title);
  assert.deepEqual(find("WALK "), ["Walkers", "Night walkers", "Sidewalk"]);
  assert.deepEqual(find(""), rooms);
  assert.deepEqual(find("zzz"), []);
});

test("people are asked for by two letters, or by one hanzi", () => {
  assert.equal(peopleQuery("a"), null);
  assert.equal(peopleQuery(" @an "), "an");
  assert.equal(peopleQuery("墨"), "墨");
  assert.equal(peopleQuery("＠墨"), "墨");
  assert.equal(peopleQuery("👍"), null);
});

test("what was found last stands first, once", () => {
  assert.deepEqual(withFound(["a", "b", "c"], "b"), ["b", "a", "c"]);
  assert.equal(withFound(["a", "b", "c", "d", "e"], "f").length, 5);
});

test("the number that a group has, or had, leads to it for one who is in it", () => {
  const store = new Store();
  store.putRoom(group("r1", { number: "123456789" }));
  store.putRoom(group("r1", { number: "987654321" }));
  for (const number of ["123456789", "987654321"]) {
    assert.deepEqual(joinChoices({ store }, number).map(({ key }) => key), ["room:r1"]);
  }
  assert.deepEqual(joinChoices({ store }, "111111111").map(({ key }) => key), ["join"]);
});
