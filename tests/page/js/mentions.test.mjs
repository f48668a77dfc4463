import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "../../../chat/static/js/markup.js";
import { calledBy } from "../../../chat/static/js/mentions.js";

// The server reads the same table in tests/text/test_mentions.py.
const table = JSON.parse(readFileSync(new URL("../../text/mentions.json", import.meta.url), "utf-8"));
const people = table.people.map((username) => ({ username }));

const mentionsOf = (nodes) =>
  nodes.flatMap(({ type, text, children }) => (type === "mention" ? [text] : children ? mentionsOf(children) : []));

test("the page shows as mentions what the server takes as such", () => {
  for (const { text, names, all } of table.cases) {
    const called = mentionsOf(parse(text)).map((one) => calledBy(one, people)).filter(Boolean);
    const named = new Set(called.map(({ user }) => user?.username));
    assert.equal(named.delete(undefined), all, text);
    assert.deepEqual([...named], names, text);
  }
});

test("what follows a name stays text", () => {
  assert.equal(calledBy("@Ann...", people).length, 4);
  assert.equal(calledBy("＠ａｎｎ.", people).length, 4);
  assert.equal(calledBy("@all.", people).length, 4);
  assert.equal(calledBy("@所有人", []).length, 4);
  assert.equal(calledBy("@annabel", people), null);
});
