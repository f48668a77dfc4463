import assert from "node:assert/strict";
import { test } from "node:test";
import { findByTitle } from "../../../chat/static/js/finding.js";
import { beginning, fold, isBlank } from "../../../chat/static/js/text.js";

test("what shows nothing is blank, and nothing else", () => {
  for (const text of ["", " \n", "\u3000", "\ufe0f", "\u034f", "\u17b4", "\u180b", "\u{e0041}\u{e007f}", "\u200b", "\u3164\u115f", "\u2800", "\x01"]) {
    assert.ok(isBlank(text), JSON.stringify(text));
  }
  for (const text of ["🫨", "\u{31350}", "\u{1faff}", "❤️", "\u200ba", "\u0301"]) {
    assert.ok(!isBlank(text), JSON.stringify(text));
  }
});

test("rooms are found however their names are typed", () => {
  for (const [title, query] of [
    ["José", "JOSE\u0301"],
    ["ΝΙΚΟΣ", "νικος"],
    ["Straße", "STRASSE"],
    ["ｗａｎｇ", "Wang"],
    ["İstanbul", "istan"],
    ["IŞIK", "ışık"],
    ["葛\u{e0100}城", "葛城"],
  ]) {
    assert.equal(fold(title).startsWith(fold(query)), true, title);
    assert.deepEqual(findByTitle([title], query, (room) => room), [title]);
  }
  assert.deepEqual(findByTitle(["Jose"], "José", (room) => room), []);
});

test("the beginning of a text cuts no character in two", () => {
  assert.equal(beginning("👍👍👍", 2), "👍👍");
  assert.equal(beginning("a👍b", 2), "a👍");
  assert.equal(beginning("short", 10), "short");
});
