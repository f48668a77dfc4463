import assert from "node:assert/strict";
import { test } from "node:test";
import { rowKey, rowsOf } from "../../../chat/static/js/grouping.js";
import { message } from "./helpers.mjs";

const noon = new Date(2026, 4, 3, 12).getTime();
const at = (seq, minutes, more = {}) => message(seq, { created_at: noon + minutes * 60_000, ...more });
const shape = (rows) =>
  rows.map((row) => (row.type === "message" ? `${row.message.seq}${row.first ? "!" : ""}` : row.type));

test("messages of one author within five minutes form a run", () => {
  const rows = rowsOf([at(1, 0), at(2, 4), at(3, 10), at(4, 11, { user_id: "u2" })]);
  assert.deepEqual(shape(rows), ["day", "1!", "2", "3!", "4!"]);
});

test("each day begins with its name and a new run", () => {
  const rows = rowsOf([at(1, 719), at(2, 721)]);
  assert.deepEqual(shape(rows), ["day", "1!", "day", "2!"]);
});

test("the message before the window decides whether it begins a run", () => {
  assert.deepEqual(shape(rowsOf([at(2, 1)], { previous: at(1, 0) })), ["2"]);
});

test("the unread line stands once, before the first unread message", () => {
  const rows = rowsOf([at(1, 0), at(2, 1), at(3, 2)], { unreadAfter: 1 });
  assert.deepEqual(shape(rows), ["day", "1!", "unread", "2!", "3"]);
});

test("no unread line stands where the last read message is out of sight", () => {
  const rows = rowsOf([at(5, 0), at(6, 1)], { previous: at(4, 0), unreadAfter: 2 });
  assert.deepEqual(shape(rows), ["5", "6"]);
});

test("a message keeps its row when the server has stored it", () => {
  const pending = { client_id: "x", user_id: "u1", state: "pending" };
  assert.equal(rowKey(pending), rowKey(message(9, { client_id: "x" })));
  assert.notEqual(rowKey(pending), rowKey(message(9, { client_id: "x", user_id: "u2" })));
  assert.equal(rowKey(message(9, { client_id: null })), "m:m9");
});

test("a turn ends where another one speaks, at the end, and before what is not sent yet", () => {
  const pending = { ...at(4, 3), seq: undefined, client_id: "p1", state: "pending" };
  const other = at(2, 1, { user_id: "u2" });
  const ends = rowsOf([at(1, 0), other, at(3, 2), pending])
    .filter(({ turn }) => turn)
    .map(({ message: one }) => one.client_id);
  assert.deepEqual(ends, ["c1", "c2", "c3", "p1"]);
});
