import assert from "node:assert/strict";
import { test } from "node:test";
import { createMessageActions } from "../../../chat/static/js/actions/messages.js";
import { createQuoting, quoteOf } from "../../../chat/static/js/quoted.js";
import {
  forgetDrafts,
  keepDraft,
  keepDraftQuote,
  readDraft,
  readDraftQuote,
  storage,
} from "../../../chat/static/js/storage.js";
import { Store } from "../../../chat/static/js/store.js";
import { group, message } from "./helpers.mjs";

const POINTER = { id: "m1", seq: 1, user_id: "u1" };

test("the draft of a reply keeps which message it answers, and nothing that others wrote", () => {
  keepDraftQuote("me", "r1", quoteOf(message(1, { data: "SECRET", nickname: "Ann" })));
  assert.deepEqual(readDraftQuote("me", "r1"), POINTER);
  for (const key of storage.keys()) assert.doesNotMatch(storage.getItem(key), /SECRET|Ann/i);
  keepDraftQuote("me", "r1", null);
  assert.equal(readDraftQuote("me", "r1"), null);
});

test("the drafts of rooms that are gone are forgotten, those of others stay", () => {
  for (const id of ["r1", "r2"]) {
    keepDraft("me", id, "half");
    keepDraftQuote("me", id, POINTER);
  }
  const gone = [];
  const store = new Store({ onGone: (id) => gone.push(id) });
  store.setMe({ id: "me", username: "me" });
  store.putRooms([group("r1"), group("r2")], []);
  store.apply("member_left", { room_id: "r1", user_id: "me" });
  assert.deepEqual(gone, ["r1"]);
  forgetDrafts("me", (id) => gone.includes(id));
  assert.deepEqual([readDraft("me", "r1"), readDraftQuote("me", "r1")], ["", null]);
  assert.deepEqual([readDraft("me", "r2"), readDraftQuote("me", "r2")], ["half", POINTER]);
  forgetDrafts("me");
  assert.deepEqual([readDraft("me", "r2"), readDraftQuote("me", "r2")], ["", null]);
});

test("what waits in the outbox quotes the message as it is held, else names its author alone", () => {
  let held = null;
  const fill = createQuoting(() => held);
  const record = { client_id: "c", data: "an answer", reply_to: POINTER };
  assert.deepEqual(fill(record).reply_to, { ...POINTER, data: "" });
  held = message(1, { data: "a question" });
  const filled = fill(record);
  assert.deepEqual([filled.reply_to.data, filled.reply_to.deleted], ["a question", false]);
  assert.equal(fill(record), filled); // nothing to draw again
  held = message(1, { version: 1, data: "", deleted_at: 5 });
  assert.deepEqual([fill(record).reply_to.data, fill(record).reply_to.deleted], ["", true]);
  held = message(1, { id: "another", data: "of another past" });
  assert.deepEqual(fill(record).reply_to, { ...POINTER, data: "" });
  const plain = { client_id: "d", data: "no reply", reply_to: null };
  assert.equal(fill(plain), plain);
});

test("a message is looked up where it is held, else on the server, which may have none", async () => {
  const store = new Store();
  store.setMe({ id: "me", username: "me" });
  store.putRooms([group("r1", { last_seq: 9 })], []);
  store.timeline("r1").load([message(9)]);
  const asked = [];
  const answers = { "/rooms/r1/messages/1": message(1) };
  const get = async (path) => {
    asked.push(path);
    if (!answers[path]) throw Object.assign(new Error(), { code: path.endsWith("/2") ? "not_found" : "network" });
    return answers[path];
  };
  const { find } = createMessageActions({ store, api: { get } });
  assert.equal((await find("r1", 9)).id, "m9");
  assert.deepEqual(asked, []);
  assert.equal((await find("r1", 1)).id, "m1");
  assert.equal(await find("r1", 2), null);
  await assert.rejects(find("r1", 3), { code: "network" });
});
