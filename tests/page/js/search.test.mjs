// Search in messages: where a text has what was found, how it is cut, what operators ask for, and
// which answers count.

import assert from "node:assert/strict";
import test from "node:test";

import { setLocale } from "../../../chat/static/js/i18n.js";
import { searchAddress, searchAt } from "../../../chat/static/js/search/address.js";
import { cut } from "../../../chat/static/js/search/cutting.js";
import { createMessageSearch } from "../../../chat/static/js/search/message_search.js";
import * as operators from "../../../chat/static/js/search/operators.js";
import { rangesOf } from "../../../chat/static/js/search/words.js";
import { message } from "./helpers.mjs";

const marked = (text, ...words) => rangesOf(text, words).map(([start, end]) => text.slice(start, end));

for (const [what, text, words, expected] of [
  ["beginnings of words, in any case", "Slides SLIDE landslide", ["slide"], ["Slide", "SLIDE"]],
  ["words without their accents, and with them", "Café CAFE\u0301 cafe", ["cafe"], ["Café", "CAFE\u0301", "cafe"]],
  ["ß and letters in full width", "STRASSE straße ｓｔｒａｓｓｅ", ["strasse"], ["STRASSE", "straße", "ｓｔｒａｓｓｅ"]],
  ["letters with strokes", "Łódź", ["lodz"], ["Łódź"]],
  ["short words whole only", "to Tom to", ["to"], ["to", "to"]],
  ["Chinese characters that stand together", "周六见，周 六", ["周六"], ["周六"]],
  ["a phrase of words", "see you, see her", ["see you"], ["see you"]],
  ["matches that touch as one", "周六见", ["周六", "六见"], ["周六见"]],
  ["emoji of any tone", "ok 👍🏽 fine", ["👍"], ["👍🏽"]],
  ["nothing where there is nothing", "hello", ["world"], []],
  ["mixed scripts", "iPhone手机", ["iphone手机"], []],
]) {
  test(`finds ${what}`, () => {
    if (what === "mixed scripts") assert.equal(rangesOf(text, ["手机"]).length, 1);
    else assert.deepEqual(marked(text, ...words), expected);
  });
}

const textOf = (pieces) => pieces.map(({ text, isMatch }) => (isMatch ? `[${text}]` : text)).join("");

test("shows a short text whole", () => {
  assert.equal(textOf(cut("the slide is long", ["slide"])), "the [slide] is long");
  assert.equal(textOf(cut("nothing here", ["slide"])), "nothing here");
});

test("cuts a long text around its first match, at a word", () => {
  const line = `${"before ".repeat(40)}slide ${"after ".repeat(80)}`;
  const pieces = textOf(cut(line, ["slide"]));
  assert.match(pieces, /^…before (before )+\[slide\] after/);
  assert.match(pieces, /…$/);
  assert.ok(pieces.indexOf("[") < 45);
});

test("cuts no character in two", () => {
  const line = `${"👨‍👩‍👧".repeat(60)}周六${"👨‍👩‍👧".repeat(200)}`;
  for (const { text } of cut(line, ["周六"])) assert.match(text, /^(…|周六|(👨‍👩‍👧)+)$/u);
});

test("operators are typed in the language of the page and known in both", () => {
  setLocale("zh");
  assert.equal(operators.withOperator("周六", "from"), "周六 来自:");
  assert.equal(operators.withOperator("周六 来自:", "from"), "周六 来自:");
  assert.equal(operators.toggled("周六", "file"), "周六 有:文件 ");
  assert.equal(operators.toggled("周六 has:files 见", "file"), "周六 见");
  setLocale("en");
  assert.equal(operators.asksFor("有：链接", "link"), true);
  assert.deepEqual(operators.openOperator("see from:em"), { name: "from", value: "em", start: 4 });
  assert.deepEqual(operators.openOperator('在："爬 山'), { name: "in", value: "爬 山", start: 0 });
  assert.equal(operators.openOperator("from:emma "), null);
  assert.equal(operators.openOperator("therefrom:e"), null);
  assert.equal(operators.completed("see from:em", { name: "from", start: 4 }, "emma"), "see from:emma ");
});

test("a value stands in any quotes that the server knows", () => {
  assert.equal(operators.openOperator("来自:“小 红")?.value, "小 红");
  assert.equal(operators.openOperator("来自：「小 红")?.value, "小 红");
  for (const typed of ["来自:“小红”", "来自:「小 红」", "来自:『小红』", "from:«em»", 'from:"em"']) {
    assert.equal(operators.openOperator(typed), null, typed);
  }
  assert.equal(operators.asksFor("周六 有:「文件」", "file"), true);
  assert.equal(operators.toggled("周六 有:“文件” 见", "file"), "周六 见");
});

for (const [query, readiness] of [
  ["  ", "empty"],
  ["a", "short"],
  ["?!", "short"],
  ["before:2026-01-31", "short"],
  ["from:", "short"],
  ["from:emma", "ready"],
  ["来自:“小 红”", "ready"],
  ["来自:“”", "short"],
  ["在:「爬 山」", "short"],
  ["有:文件", "ready"],
  ["to", "ready"],
  ["好", "ready"],
  ["👍", "ready"],
]) {
  test(`“${query}” is ${readiness}`, () => assert.equal(operators.readinessOf(query), readiness));
}

test("usual days are days of the reader's calendar", () => {
  const days = Object.fromEntries(operators.usualDays(new Date(2026, 2, 31)).map(({ key, value }) => [key, value]));
  assert.deepEqual(days, { yesterday: "2026-03-30", week: "2026-03-24", month: "2026-02-28", year: "2026-01-01" });
});

test("an address says what is searched for, and where", () => {
  for (const asked of [{ query: "周六 & “x”", roomId: "r1" }, { query: "", roomId: null }]) {
    assert.deepEqual(searchAt(new URL(searchAddress(asked), "http://x").search), asked);
  }
});

/** A search whose questions wait for the test to answer, and whose clock only the test moves. */
function bench() {
  const asked = [];
  const waiting = new Map();
  const timers = {
    setTimeout(task) {
      waiting.set(task, task);
      return task;
    },
    clearTimeout: (task) => waiting.delete(task),
  };
  const find = (question) => new Promise((answer, refuse) => asked.push({ ...question, answer, refuse }));
  const around = async () => ({ before: message(1), after: message(3) });
  const search = createMessageSearch({ find, around, changed: () => {}, timers });
  const pass = () => {
    for (const task of [...waiting.keys()]) waiting.delete(task) && task();
  };
  const settle = () => new Promise((done) => setImmediate(done));
  return { search, asked, pass, settle };
}

const page = (seqs, cursor = null) => ({ messages: seqs.map((seq) => message(seq)), words: ["text"], cursor });
const seqsOf = (search) => search.results.map((one) => one.message.seq);

test("asks once somebody stops typing, and the latest answer counts", async () => {
  const { search, asked, pass, settle } = bench();
  search.type("te");
  search.type("tex");
  pass();
  search.type("text");
  pass();
  assert.deepEqual(asked.map(({ query }) => query), ["tex", "text"]);
  asked[1].answer(page([2]));
  await settle();
  asked[0].answer(page([1]));
  await settle();
  assert.deepEqual(seqsOf(search), [2]);
  assert.equal(search.status, "done");
});

test("an emptied field takes back a question on its way", async () => {
  const { search, asked, pass, settle } = bench();
  search.type("text");
  pass();
  search.type("");
  asked[0].answer(page([1]));
  await settle();
  assert.equal(search.status, "idle");
  assert.deepEqual(search.results, []);
});

test("goes on by itself while a page has little, and shows what there is", async () => {
  const { search, asked, pass, settle } = bench();
  search.type("text");
  pass();
  asked[0].answer(page([], "c1"));
  await settle();
  assert.equal(search.status, "waiting");
  assert.equal(asked[1].cursor, "c1");
  asked[1].answer(page([7], "c2"));
  await settle();
  assert.deepEqual([search.status, search.more, seqsOf(search)], ["done", "loading", [7]]);
  asked[2].refuse(new Error("away"));
  await settle();
  assert.deepEqual([search.status, search.more, seqsOf(search)], ["done", "failed", [7]]);
  search.loadMore();
  asked[3].answer(page([6]));
  await settle();
  assert.deepEqual([search.more, seqsOf(search), search.cursor], ["", [7, 6], null]);
});

test("asks no more by itself once pages in a row have little", async () => {
  const { search, asked, pass, settle } = bench();
  search.type("text");
  pass();
  for (let at = 0; at < asked.length; at += 1) {
    asked[at].answer(page(at ? [] : [9], `c${at}`));
    await settle();
  }
  assert.deepEqual([asked.length, search.status, search.more], [5, "done", "tired"]);
  search.loadMore();
  for (let at = 5; at < asked.length; at += 1) {
    asked[at].answer(page([], `c${at}`));
    await settle();
  }
  assert.deepEqual([asked.length, search.more, seqsOf(search)], [10, "tired", [9]]);
  search.loadMore();
  asked[10].answer(page([8, 7, 6, 5, 4, 3, 2, 1], "c10"));
  await settle();
  assert.deepEqual([asked.length, search.more], [11, ""]);
});

test("results follow their messages, and go with their room", async () => {
  const { search, asked, settle } = bench();
  search.begin("text", null);
  asked[0].answer(page([2, 1]));
  await settle();
  await search.toggleAround(search.results[0]);
  search.follow([message(2, { data: "", deleted_at: 5, version: 1 }), message(3, { data: "new", version: 1 })]);
  assert.equal(search.results[0].message.deleted_at, 5);
  assert.equal(search.results[0].after.data, "new");
  search.follow([message(2)]);
  assert.equal(search.results[0].message.deleted_at, 5);
  search.leave("r1");
  assert.deepEqual(search.results, []);
});

test("half an operator asks nothing until it is a value", () => {
  const { search, asked, pass } = bench();
  for (const query of ["see from:em", "see before:2026-"]) {
    search.type(query);
    pass();
  }
  assert.equal(asked.length, 0);
  search.type("see before:2026-01-31");
  pass();
  assert.equal(asked.length, 1);
});
