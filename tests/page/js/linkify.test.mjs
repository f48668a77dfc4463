import assert from "node:assert/strict";
import { test } from "node:test";
import { linkify } from "../../../chat/static/js/linkify.js";

const links = (text) =>
  linkify(text)
    .filter(({ href }) => href)
    .map((piece) => piece.text);

test("the pieces joined are the text again", () => {
  for (const text of ["", "no link", "a http://x.org b https://y.org/?q=1, c", "https://"]) {
    assert.equal(linkify(text).map((piece) => piece.text).join(""), text);
  }
});

test("addresses end where the sentence goes on", () => {
  assert.deepEqual(links("See https://example.org/a. Then (https://example.org/b)!"), [
    "https://example.org/a",
    "https://example.org/b",
  ]);
  assert.deepEqual(links("https://en.example.org/wiki/Go_(game), ok"), [
    "https://en.example.org/wiki/Go_(game)",
  ]);
});

test("Chinese text around an address stays outside, in its path it stays inside", () => {
  assert.deepEqual(links("看看https://example.org/路径，很好。"), ["https://example.org/路径"]);
  assert.deepEqual(links("（https://example.org/a）"), ["https://example.org/a"]);
});

test("only http and https become links", () => {
  const text = "javascript:alert(1) data:text/html,x ftp://x.org file:///etc/passwd http://";
  assert.deepEqual(links(text), []);
});

test("many brackets take no time", () => {
  const begun = performance.now();
  linkify(`https://x.org/${"(".repeat(2000)}${")".repeat(2000)}`);
  assert.ok(performance.now() - begun < 500);
});
