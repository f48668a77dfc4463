import assert from "node:assert/strict";
import { test } from "node:test";
import { createNotifier } from "../../../chat/static/js/notify.js";
import { keepNotifying } from "../../../chat/static/js/storage.js";
import { Store } from "../../../chat/static/js/store.js";
import { createLocks, deferred, group, message } from "./helpers.mjs";

/**
 * A page nobody looks at, in a browser that shows notifications: `shown` are their texts, `open` those of
 * the open ones. `push` is for the worker's.
 */
async function setUp(t, push = { shower: async () => null, closeSoon() {} }) {
  const shown = [];
  const open = new Set();
  const settled = deferred();
  class Notification {
    static permission = "granted";
    constructor(title, { body }) {
      shown.push(body);
      open.add((this.body = body));
    }
    close() {
      open.delete(this.body);
    }
  }
  for (const [name, value] of Object.entries({ Notification, document: { hasFocus: () => false } })) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true });
    t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
  }
  const store = new Store();
  store.setMe({ id: "me", username: "me" });
  store.putRooms([group("r1")], []);
  keepNotifying("me");
  const notifier = createNotifier({ store, locks: createLocks(), wait: () => settled.promise, open: () => {}, push });
  await new Promise(setImmediate); // it leads by now
  return { store, shown, open, notifier, settle: settled.resolve };
}

/** Tell of a message, and of what became of it before the notification is shown. */
async function tell(page, ...changed) {
  await tellOf(page, message(1), changed);
}

async function tellOf({ store, notifier, settle }, first, changed = []) {
  store.apply("message_created", first);
  const told = notifier.arrived(first);
  for (const one of changed) {
    store.apply("messages_changed", { room_id: "r1", messages: [one], after_rev: 0, last_rev: 1 });
  }
  settle();
  await told;
}

test("a notification shows the message as it is by then", async (t) => {
  const page = await setUp(t);
  await tell(page, message(1, { version: 1, data: "corrected" }));
  assert.deepEqual(page.shown, ["ann: corrected"]);
});

test("a message that was deleted at once is not told of", async (t) => {
  const page = await setUp(t);
  await tell(page, message(1, { version: 1, data: "", deleted_at: 5 }));
  assert.deepEqual(page.shown, []);
});

test("a notification goes when its message is deleted", async (t) => {
  const page = await setUp(t);
  await tell(page);
  assert.deepEqual([...page.open], ["ann: text 1"]);
  page.store.putCopy(message(1, { version: 1, data: "", deleted_at: 5 }));
  assert.deepEqual([...page.open], []);
});

test("it goes also when others were written since of which nobody was told", async (t) => {
  const page = await setUp(t);
  page.store.putRoom(group("r1", { notify: "mentions" }));
  await tellOf(page, message(1, { mentions: ["me"] }));
  page.store.apply("message_created", message(2));
  assert.deepEqual([...page.open], ["ann: text 1"]);
  page.notifier.changed([message(2, { version: 1, data: "", deleted_at: 5 })]);
  assert.deepEqual([...page.open], ["ann: text 1"]);
  page.notifier.changed([message(1, { version: 1, data: "", deleted_at: 5 })]);
  assert.deepEqual([...page.open], []);
});

test("a message that nothing was done to is told of", async (t) => {
  const page = await setUp(t);
  await tell(page);
  assert.deepEqual(page.shown, ["ann: text 1"]);
});

test("a room that tells of mentions alone tells of these", async (t) => {
  for (const [more, expected] of [
    [{}, []],
    [{ mentions: ["someone"] }, []],
    [{ mentions: ["me"] }, ["ann: text 1"]],
    [{ mentions_all: true }, ["ann: text 1"]],
  ]) {
    const page = await setUp(t);
    page.store.putRoom(group("r1", { notify: "mentions" }));
    await tellOf(page, message(1, more));
    assert.deepEqual(page.shown, expected, JSON.stringify(more));
  }
});

test("a muted room tells of nothing, mentions neither", async (t) => {
  const page = await setUp(t);
  page.store.putRoom(group("r1", { notify: "none", muted: true }));
  await tellOf(page, message(1, { mentions: ["me"] }));
  assert.deepEqual(page.shown, []);
});

test("where pushes come too, the worker shows and closes it, and no page a second one", async (t) => {
  const byWorker = new Map(); // tag -> text
  const page = await setUp(t, {
    shower: async () => ({ showNotification: async (title, { tag, body }) => byWorker.set(tag, body) }),
    close: async (isOver) => [...byWorker.keys()].filter((id) => isOver(id, 1)).forEach((id) => byWorker.delete(id)),
    closeSoon() {},
  });
  await tell(page);
  assert.deepEqual([page.shown, [...byWorker]], [[], [["r1", "ann: text 1"]]]);
  page.store.putRoom(group("r1", { last_seq: 1, last_read_seq: 1 }));
  assert.deepEqual([...byWorker], []);
});
