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
  for (const one of messages(21, 101)) timeline.add(one);
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

test("a message that changed takes the place of the one it was", () => {
  const timeline = new Timeline();
  timeline.load(messages(1, 3));
  timeline.add(message(2, { data: "corrected" }));
  assert.equal(timeline.at(2).data, "corrected");
});

test("an empty room is complete and takes its first message", () => {
  const timeline = new Timeline();
  timeline.load([]);
  assert.equal(timeline.hasOlder, false);
  timeline.add(message(1));
  assert.deepEqual(seqs(timeline), [1]);
});
