import assert from "node:assert/strict";
import { test } from "node:test";
import { isLater, isOwnReaction, newerOf } from "../../../chat/static/js/versions.js";
import { message } from "./helpers.mjs";

const heart = (...userIds) => ({ emoji: "❤️", count: userIds.length, user_ids: userIds });

test("a copy without own reactions leaves them as they are known", () => {
  const known = message(1, { version: 1, reactions: [heart("me")], own_reactions: ["❤️"] });
  const pushed = message(1, { version: 2, reactions: [heart("me", "u2")] });
  assert.deepEqual(newerOf(known, pushed).own_reactions, ["❤️"]);
  assert.deepEqual(newerOf(known, { ...pushed, own_reactions: [] }).own_reactions, []);
  assert.deepEqual(newerOf(known, { ...pushed, reactions: [] }).own_reactions, []);
});

test("two copies of one version differ in own reactions alone, whichever comes first", () => {
  const toAll = message(1, { version: 1, reactions: [heart("me")] });
  const toMe = { ...toAll, own_reactions: ["❤️"] };
  assert.deepEqual(newerOf(toAll, toMe), toMe);
  assert.deepEqual(newerOf(toMe, toAll), toMe);
});

test("whether a reaction is one's own follows from who is named, where all are", () => {
  const said = message(1, { own_reactions: ["❤️"] });
  assert.equal(isOwnReaction(said, heart("me"), "me"), true);
  assert.equal(isOwnReaction(said, heart("u2"), "me"), false); // taken back elsewhere
  const many = { emoji: "❤️", count: 11, user_ids: ["u1", "u2"] };
  assert.equal(isOwnReaction(said, many, "me"), true);
  assert.equal(isOwnReaction(message(1), many, "me"), false);
});

test("messages are ordered by their place, and their copies by version", () => {
  assert.equal(isLater(message(2), message(1, { version: 5 })), true);
  assert.equal(isLater(message(1, { version: 1 }), message(1)), true);
  assert.equal(isLater(message(1, { version: 1 }), message(1, { version: 1 })), false);
});
