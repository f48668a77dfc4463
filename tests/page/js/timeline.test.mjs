import assert from "node:assert/strict";
import { test } from "node:test";
import { Timeline } from "../../../chat/static/js/timeline.js";
import { message, messages, processorMs } from "./helpers.mjs";

const seqs = (timeline) => timeline.messages.map(({ seq }) => seq);

test("messages stand in the order of seq, each once", () => {
  const timeline = new Timeline();
  timeline.load(messages(1, 3));
  timeline.add(message(4));
  timeline.add(message(4));
  timeline.add(message(2));
  assert.deepEqual(seqs(timeline), [1, 2, 3, 4]);
});

test("one that comes too early waits for the one before it", () => {
  const timeline = new Timeline();
  timeline.load(messages(1, 3));
  timeline.add(message(5));
  assert.deepEqual(seqs(timeline), [1, 2, 3]);
  assert.equal(timeline.hasGap, true);
  timeline.add(message(4));
  assert.deepEqual(seqs(timeline), [1, 2, 3, 4, 5]);
  assert.equal(timeline.hasGap, false);
});

test("what was set aside is kept until it is joined, and no longer", () => {
  const timeline = new Timeline();
  timeline.load(messages(1, 3));
  for (const seq of [9, 7, 6, 5]) timeline.add(message(seq));
  timeline.add(message(4));
  assert.deepEqual(seqs(timeline), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual([...timeline.ahead.keys()], [9]);
  timeline.load(messages(5, 8));
  assert.deepEqual(seqs(timeline), [5, 6, 7, 8, 9]);
  assert.equal(timeline.ahead.size, 0);
  timeline.add(message(12));
  timeline.load(messages(10, 15));
  assert.equal(timeline.ahead.size, 0);
});

test("a wide gap is closed in no time, however much waits behind it", () => {
  const timeline = new Timeline();
  timeline.load(messages(1, 3));
  const [missing, early] = [messages(4, 20_000), messages(20_001, 40_000)];
  for (const one of early) timeline.add(one);
  const begun = process.cpuUsage();
  for (const one of missing) timeline.add(one);
  assert.ok(processorMs(begun) < 1_000);
  assert.equal(timeline.last, 40_000);
});

test("a page read far back does not call what is newer a gap", () => {
  const timeline = new Timeline(100);
  timeline.load(messages(10, 20), { hasNewer: true });
  timeline.add(message(101));
  assert.equal(timeline.hasGap, false);
  assert.equal(timeline.hasNewer, true);
  timeline.extend(messages(21, 101));
  assert.equal(timeline.hasNewer, false);
  timeline.add(message(103));
  assert.equal(timeline.hasGap, true);
});

test("older pages join in front, strangers do not", () => {
  const timeline = new Timeline();
  timeline.load(messages(51, 60));
  assert.equal(timeline.hasOlder, true);
  assert.equal(timeline.prepend(messages(41, 52)), 10);
  assert.equal(timeline.prepend(messages(1, 10)), 0);
  assert.equal(timeline.first, 41);
  timeline.prepend(messages(1, 40));
  assert.equal(timeline.hasOlder, false);
});

test("a stretch is cut by seq", () => {
  const timeline = new Timeline();
  timeline.load(messages(11, 20));
  assert.deepEqual(timeline.slice(5, 12).map(({ seq }) => seq), [11, 12]);
  assert.deepEqual(timeline.slice(15, 14), []);
  assert.equal(timeline.at(15).seq, 15);
  assert.equal(timeline.at(9), null);
});

test("of two copies the one with the greater version stays, from wherever they come", () => {
  const newer = (seq) => message(seq, { version: 2, data: `newer ${seq}` });
  const older = (seq) => message(seq, { version: 1, data: `older ${seq}` });
  const timeline = new Timeline();
  timeline.load([1, 2, 3].map(newer), { rev: 9 });
  timeline.add(older(1));
  timeline.change(older(2));
  timeline.extend([older(3)], 5);
  timeline.load([1, 2, 3].map(older), { rev: 5 });
  assert.deepEqual(timeline.messages.map(({ data }) => data), ["newer 1", "newer 2", "newer 3"]);
  timeline.change({ ...newer(2), version: 3, data: "newest" });
  assert.equal(timeline.at(2).data, "newest");
});

test("a copy from before messages could change is the oldest there is", () => {
  const timeline = new Timeline();
  timeline.load(messages(1, 1));
  timeline.change(message(1, { version: 1, data: "changed" }));
  timeline.add(message(1));
  assert.equal(timeline.at(1).data, "changed");
});

test("another message in the place of one that is held is none of its copies", () => {
  const timeline = new Timeline();
  timeline.load(messages(1, 2));
  timeline.change(message(2, { id: "of another past", version: 7 }));
  assert.equal(timeline.at(2).id, "m2");
});

test("revs go on where one push follows the other, and a lost one shows", () => {
  const timeline = new Timeline();
  timeline.load(messages(1, 3), { rev: 4 });
  timeline.takeRevs(4, 6);
  timeline.takeRevs(2, 5); // told once more
  assert.deepEqual([timeline.rev, timeline.isBehind], [6, false]);
  timeline.takeRevs(8, 9);
  assert.deepEqual([timeline.rev, timeline.isBehind], [6, true]);
  timeline.takeRevs(6, 8); // it was only late
  assert.deepEqual([timeline.rev, timeline.isBehind], [8, true]);
  timeline.takeRevs(8, 9);
  assert.equal(timeline.isBehind, false);
});

test("of several pages the smallest rev counts", () => {
  const timeline = new Timeline();
  timeline.load(messages(51, 60), { rev: 7, hasNewer: true });
  timeline.prepend(messages(41, 50), 9);
  assert.deepEqual([timeline.rev, timeline.isBehind], [7, true]);
  timeline.takeRevs(7, 9);
  timeline.extend(messages(61, 70), 8);
  assert.deepEqual([timeline.rev, timeline.isBehind], [8, true]);
  timeline.takeRevs(8, 9);
  timeline.extend([], 5); // with nothing in it, it says nothing of what is held
  assert.deepEqual([timeline.rev, timeline.isBehind], [9, false]);
});

test("what is changed while a page is under way is asked for", () => {
  const timeline = new Timeline();
  timeline.takeRevs(3, 4);
  timeline.load(messages(1, 3), { rev: 3 });
  assert.equal(timeline.isBehind, true);
});

test("a message that changes before it has come waits for its place, and stays changed", () => {
  const timeline = new Timeline();
  timeline.load(messages(1, 3), { rev: 1 });
  timeline.change(message(5, { version: 1, data: "changed" }));
  timeline.takeRevs(1, 2);
  timeline.add(message(5));
  timeline.extend(messages(4, 5), 1);
  assert.equal(timeline.at(5).data, "changed");
});

test("so many wait at most, and of the others only a page tells how they are", () => {
  const timeline = new Timeline();
  timeline.load(messages(1, 1), { rev: 1 });
  for (let seq = 3; seq < 3000; seq += 1) timeline.change(message(seq, { version: 1, data: "changed" }));
  timeline.takeRevs(1, 2);
  assert.ok(timeline.ahead.size <= 1000);
  for (let seq = 2; seq < 3000; seq += 1) timeline.add(message(seq)); // late, as they were first stored
  assert.ok(timeline.last < 2999);
  assert.equal(timeline.hasGap, true);
  assert.ok(timeline.slice(3, timeline.last).every(({ data }) => data === "changed"));
  const rest = messages(timeline.last + 1, 2999).map((one) => ({ ...one, version: 1, data: "changed" }));
  timeline.extend(rest, 2);
  assert.deepEqual([timeline.last, timeline.hasGap, timeline.isBehind], [2999, false, false]);
});

test("a stretch further back goes on with pages alone: a push may be older than they are", () => {
  const timeline = new Timeline(100);
  timeline.load(messages(10, 20), { hasNewer: true, rev: 5 });
  timeline.add(message(21)); // late: it has changed before rev 5
  assert.equal(timeline.last, 20);
  timeline.extend([message(21, { version: 1, data: "changed" })], 5);
  assert.equal(timeline.at(21).data, "changed");
});

test("an empty room is complete and takes its first message", () => {
  const timeline = new Timeline();
  timeline.load([]);
  assert.equal(timeline.hasOlder, false);
  timeline.add(message(1));
  assert.deepEqual(seqs(timeline), [1]);
});

test("a quote says what its original says now, whichever comes first", () => {
  const quote = { seq: 1, version: 0, user_id: "u1", username: "ann", data: "text 1", files: [], deleted: false };
  const timeline = new Timeline();
  timeline.load([message(1), message(2, { reply_to: quote }), message(3)]);
  timeline.add(message(5, { reply_to: quote })); // waits for what comes before it
  timeline.change(message(1, { version: 2, data: "x".repeat(300), edited_at: 5 }));
  timeline.add(message(4));
  for (const seq of [2, 5]) {
    assert.deepEqual(timeline.at(seq).reply_to, { ...quote, version: 2, data: "x".repeat(200) }, `${seq}`);
  }
  // An edit of the reply that knows an older quote takes nothing back
  timeline.change(message(2, { version: 1, edited_at: 6, data: "edited", reply_to: quote }));
  assert.equal(timeline.at(2).data, "edited");
  assert.equal(timeline.at(2).reply_to.version, 2);
  timeline.change(message(1, { version: 3, data: "", deleted_at: 7 }));
  assert.deepEqual(timeline.at(2).reply_to, { ...quote, version: 3, data: "", deleted: true });
});

test("a text known to be deleted is in no quote, whichever way a reply or its original comes", () => {
  const gone = message(5, { version: 1, data: "", deleted_at: 9 });
  const reply = (seq, more) =>
    message(seq, { reply_to: { seq: 5, version: 0, user_id: "u1", data: "SECRET", deleted: false }, ...more });
  const load = (timeline, page) => timeline.load(page, { rev: 1 });
  const ways = {
    "a push": [(timeline) => load(timeline, [gone, message(6)]), (timeline) => timeline.add(reply(7))],
    "a push that comes early": [
      (timeline) => load(timeline, [gone]),
      (timeline) => timeline.add(reply(7)),
      (timeline) => timeline.add(message(6)),
    ],
    "a page of newer ones": [(timeline) => load(timeline, [gone, message(6)]), (timeline) => timeline.extend([reply(7)], 1)],
    "a newer copy": [
      (timeline) => load(timeline, [gone, message(6), message(7)]),
      (timeline) => timeline.add(reply(7, { version: 1 })),
    ],
    "a page that has kept a reply": [
      (timeline) => load(timeline, [message(6), reply(7)]),
      (timeline) => load(timeline, [gone, message(6), reply(7)]),
    ],
    "a page of older ones": [
      (timeline) => load(timeline, [message(6), reply(7)]),
      (timeline) => timeline.prepend([message(4), gone], 1),
    ],
    "another copy of the original": [
      (timeline) => load(timeline, [message(5), message(6), reply(7)]),
      (timeline) => timeline.extend([gone], 1),
    ],
  };
  for (const [way, steps] of Object.entries(ways)) {
    const timeline = new Timeline();
    for (const step of steps) step(timeline);
    const { data, deleted, user_id: author } = timeline.at(7).reply_to;
    assert.deepEqual([data, deleted, author], ["", true, "u1"], way);
  }
});
