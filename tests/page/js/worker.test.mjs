import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

const SOURCE = readFileSync(new URL("../../../chat/static/worker.js", import.meta.url), "utf8");
const MAIN = "/static/new/bundle/main.js";

/** Install the worker of version "new" where `answers` are the server's; resolves to what it keeps. */
async function install(answers) {
  const kept = new Map();
  const installed = [];
  const cache = { put: async (address, response) => kept.set(address, await response.text()) };
  const listeners = {};
  runInNewContext(`const SHELL = { version: "new", files: ["${MAIN}"] };\n${SOURCE}`, {
    caches: { open: async () => cache },
    fetch: async (address) => answers[address](),
    self: { addEventListener: (name, listener) => (listeners[name] = listener), skipWaiting: async () => {} },
    setTimeout,
  });
  listeners.install({ waitUntil: (work) => installed.push(work) });
  await Promise.all(installed);
  return kept;
}

const page = () => new Response(`<script src="${MAIN}">`, { headers: { "Content-Type": "text/html" } });
const file = (text, caching) => () => new Response(text, { headers: { "Cache-Control": caching } });

test("what the server calls the file of this version is kept, with the page", async () => {
  const kept = await install({ "/": page, [MAIN]: file("new", "public, max-age=31536000, immutable") });
  assert.deepEqual([...kept], [[MAIN, "new"], ["/", `<script src="${MAIN}">`]]);
});

test("a file of another version, as while the server is being updated, is not kept as this one's", async () => {
  await assert.rejects(install({ "/": page, [MAIN]: file("old", "no-cache") }), /another version/);
});
