import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

const SOURCE = readFileSync(new URL("../../../chat/static/worker.js", import.meta.url), "utf8");
const MAIN = "/static/new/bundle/main.js";

/** Start the worker in a browser that has these; returns its listeners by name. */
function start(browser) {
  const listeners = {};
  const self = { addEventListener: (name, listener) => (listeners[name] = listener), ...browser.self };
  runInNewContext(`const SHELL = { version: "new", files: ["${MAIN}"] };\n${SOURCE}`, { ...browser, self });
  return listeners;
}

/** Let a listener hear an event, and wait until it is done with it. */
async function dispatch(listener, event) {
  const work = [];
  listener({ ...event, waitUntil: (promise) => work.push(promise) });
  await Promise.all(work);
}

/** Install the worker of version "new" where `answers` are the server's; resolves to what it keeps. */
async function install(answers) {
  const kept = new Map();
  const cache = { put: async (address, response) => kept.set(address, await response.text()) };
  const listeners = start({
    caches: { open: async () => cache },
    fetch: async (address) => answers[address](),
    self: { skipWaiting: async () => {} },
    setTimeout,
  });
  await dispatch(listeners.install, {});
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

/** What the worker shows of a push while these windows are open, the kept page being in a language. */
async function pushed(said, { windows = [], language = "en" } = {}) {
  const shown = [];
  const { push } = start({
    caches: { match: async () => new Response(`<html lang="${language}"><title>Our chat</title>`) },
    clients: { matchAll: async () => windows },
    self: { registration: { showNotification: async (title, { body, tag }) => shown.push([title, body, tag]) } },
  });
  await dispatch(push, { data: { json: () => said } });
  return shown;
}

const NEWS = { type: "message", room_id: "r1", seq: 7, kind: "group", unread: 2 };
const SAID = { ...NEWS, sender: "Ann", room: "Tea", text: "at five?", files: 0 };

test("a push without a text says only that something came", async () => {
  assert.deepEqual(await pushed(NEWS), [["Our chat", "2 new messages", "r1"]]);
  assert.deepEqual(await pushed(NEWS, { language: "zh-Hans" }), [["Our chat", "2 条新消息", "r1"]]);
});

test("a push with a text says who wrote what and where", async () => {
  assert.deepEqual(await pushed(SAID), [["Tea", "Ann: at five?", "r1"]]);
  assert.deepEqual(await pushed({ ...SAID, kind: "direct" }), [["Ann", "at five?", "r1"]]);
  assert.deepEqual(await pushed({ ...SAID, text: "", files: 2 }), [["Tea", "Ann: 2 files", "r1"]]);
});

test("a push shows nothing to somebody who looks at the page", async () => {
  assert.deepEqual(await pushed(SAID, { windows: [{ focused: false }, { focused: true }] }), []);
  assert.equal((await pushed(SAID, { windows: [{ focused: false }] })).length, 1);
});

test("a click shows the message in an open page, else in a new one", async () => {
  const done = [];
  const page = { postMessage: (said) => done.push(said), focus: async () => done.push("focused") };
  const notification = { close: () => done.push("closed"), data: { room_id: "r1", seq: 7 } };
  for (const windows of [[page], []]) {
    const clients = { matchAll: async () => windows, openWindow: async (path) => done.push(path) };
    await dispatch(start({ clients }).notificationclick, { notification });
  }
  const asked = { type: "message_opened", room_id: "r1", seq: 7 };
  assert.deepEqual(JSON.parse(JSON.stringify(done)), ["closed", asked, "focused", "closed", "/d/r1/m/7"]);
});
