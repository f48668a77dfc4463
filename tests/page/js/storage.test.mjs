import assert from "node:assert/strict";
import { test } from "node:test";
import { createDepartures } from "../../../chat/static/js/departures.js";
import { createLocks } from "../../../chat/static/js/locks.js";
import { createStorage as wrap } from "../../../chat/static/js/storage.js";
import { createStorage } from "./helpers.mjs";

const refused = () => {
  throw new Error("SecurityError");
};

test("what a browser refuses to keep lives as long as the tab", () => {
  for (const open of [refused, () => null, () => undefined]) {
    const storage = wrap(open);
    assert.equal(storage.kept, false);
    storage.setItem("a", "1");
    storage.setItem("b", "");
    assert.deepEqual([storage.getItem("a"), storage.getItem("b"), storage.getItem("c")], ["1", "", null]);
    assert.deepEqual(storage.keys(), ["a", "b"]);
    storage.removeItem("a");
    assert.equal(storage.getItem("a"), null);
  }
});

test("a full storage is still read, and what it has no room for is kept by the tab", () => {
  const browser = createStorage({ old: "1" });
  browser.setItem("old", "1");
  const storage = wrap(() => browser);
  assert.deepEqual([storage.kept, storage.getItem("old")], [true, "1"]);
  Object.getPrototypeOf(browser).setItem = refused;
  storage.setItem("old", "2");
  storage.setItem("new", "3");
  assert.deepEqual([storage.getItem("old"), storage.getItem("new")], ["2", "3"]);
  storage.removeItem("old");
  assert.equal(storage.getItem("old"), null);
});

test("without locks, and where they are refused, tasks run all the same", async () => {
  for (const native of [undefined, { request: refused }, { request: async () => refused() }]) {
    assert.equal(await createLocks(native).request("name", async () => "done"), "done");
  }
});

test("a task that fails under a lock fails once", async () => {
  let runs = 0;
  const task = async () => {
    runs += 1;
    throw new Error("its own");
  };
  for (const native of [undefined, { request: (_, run) => run() }]) {
    await assert.rejects(createLocks(native).request("name", task), /its own/);
  }
  assert.equal(runs, 2);
});

test("why a room is gone is known by what was done and what was heard", async () => {
  const departures = createDepartures("me");
  departures.hear("member_left", { room_id: "r1", user_id: "me" });
  departures.hear("member_left", { room_id: "r2", user_id: "another" });
  departures.hear("room_deleted", { room_id: "r3" });
  await departures.expect("r4", "left", async () =>
    departures.hear("member_left", { room_id: "r4", user_id: "me" }),
  );
  await assert.rejects(departures.expect("r5", "left", refused));
  const reasons = ["r1", "r2", "r3", "r4", "r5"].map(departures.reason);
  assert.deepEqual(reasons, ["removed", "unknown", "deleted", "left", "unknown"]);
  departures.hear("room_created", { id: "r1" });
  assert.equal(departures.reason("r1"), "unknown");
});
