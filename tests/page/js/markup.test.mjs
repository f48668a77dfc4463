import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, plainText, textOf } from "../../../chat/static/js/markup.js";
import { elementsOf } from "../../../chat/static/js/markup_size.js";
import { growth } from "./helpers.mjs";

/** Write a tree down: `<strong>a</strong>` and so on. */
function written(nodes) {
  return nodes.map(writtenNode).join("");
}

function writtenNode({ type, text, children, items, host, language }) {
  if (items) return items.map((item) => `(${item.depth}${item.mark} ${written(item.children)})`).join("");
  if (type === "code" && language !== undefined) return `<block ${language}>${text}</block>`;
  if (!children) return type === "text" ? text : `<${type}>${text}</${type}>`;
  return type === "text" ? written(children) : `<${type}${host ? ` ${host}` : ""}>${written(children)}</${type}>`;
}

const shown = (text) => written(parse(text));

test("emphasis, code and what is struck out are told apart", () => {
  assert.equal(
    shown("**bold** *slanted* _slanted_ ~~gone~~ `a*b*`"),
    "<strong>bold</strong> <em>slanted</em> <em>slanted</em> <del>gone</del> <code>a*b*</code>",
  );
  assert.equal(shown("**a *b* c**"), "<strong>a <em>b</em> c</strong>");
  assert.equal(shown("\\*not this\\*"), "*not this*");
});

test("what only looks like a mark stays as it was typed", () => {
  for (const text of [
    "2*3*4 and 5 * 3 and 2**3**4",
    "snake_case_names and __init__",
    "*args, **kwargs",
    ":) ;* ^_^ >_< -_- ¯\\_(ツ)_/¯",
    "~/.ssh, ~5~10",
    "C:\\dir\\_x \\\\server\\share",
    "# no heading\n| a | b |\n|---|---|\n===\n---",
    "<b>no</b> <!-- markup --> &amp; &#35;",
    "![no picture](https://example.org/a.png \"title\")",
    "[1]: https://example.org",
    ">>> print(1)\n>100",
    "```\nnot closed",
    "* * *",
    "a  b   c\n\n\nd",
  ]) {
    assert.equal(shown(text).replace(/<\/?link[^>]*>/g, ""), text);
  }
});

test("emphasis in Chinese needs no spaces around it", () => {
  assert.equal(shown("这是**粗体**，好"), "这是<strong>粗体</strong>，好");
  assert.equal(shown("他说**“好”**吧"), "他说<strong>“好”</strong>吧");
  assert.equal(shown("这**（很重要）**的"), "这<strong>（很重要）</strong>的");
  assert.equal(shown("**done.**中文"), "<strong>done.</strong>中文");
  assert.equal(shown("划掉~~（旧）~~吧"), "划掉<del>（旧）</del>吧");
});

test("code keeps what is in it, address and all", () => {
  assert.equal(shown("`curl https://x.org/*a*`"), "<code>curl https://x.org/*a*</code>");
  assert.equal(shown("```js\n  let a = `b`;\n\n```\nafter"), "<block js>  let a = `b`;\n</block>after");
  assert.equal(shown("```one\ntwo```"), "<block >one\ntwo</block>");
});

test("quotes and lists are found line by line, with the numbers as typed", () => {
  assert.equal(shown("> said\n> **twice**\nanswer"), "<quote>said\n<strong>twice</strong></quote>answer");
  assert.equal(shown("3. c\n7) g\n  - sub\n    more"), "(03. c)(07) g)(1- sub\nmore)");
});

test("a link with a text of its own says which host is behind it", () => {
  assert.equal(shown("[here](https://evil.com/x)"), "<link evil.com>here</link>");
  assert.equal(shown("[https://bank.com](https://evil.com)"), "<link evil.com>https://bank.com</link>");
  assert.equal(shown("[bank.com](https://evil.com)"), "<link evil.com>bank.com</link>");
  assert.equal(shown("[evil.com](https://evil.com)"), "<link>evil.com</link>");
  assert.equal(shown("[mail](mailto:a@b.org)"), "<link a@b.org>mail</link>");
  assert.equal(plainText("see [here](https://evil.com/x)"), "see here (evil.com)");
});

test("a host of letters that look like others is told as it is looked up", () => {
  const apple = "https://\u0430\u0440\u0440\u04cf\u0435.com"; // Cyrillic
  const real = "xn--80ak6aa92e.com";
  assert.equal(shown(apple), `<link ${real}>${apple}</link>`);
  assert.equal(shown(`[${apple}](${apple})`), `<link ${real}>${apple}</link>`);
  assert.equal(shown(`[${real}](${apple})`), `<link>${real}</link>`);
  assert.equal(plainText(`see ${apple}`), `see ${apple} (${real})`);
  assert.equal(shown("https://paypal一login.com/"), "<link xn--paypallogin-qm8q.com>https://paypal一login.com/</link>");
  for (const text of ["https://例え.jp/a", "https://한국.한국:80/", "https://スーパー.com", "www.example.org", "https://x.org/\u0430", "a@b.org"]) {
    assert.equal(shown(text), `<link>${text}</link>`);
  }
});

test("what a link says cannot turn its host round where nothing is formatted", () => {
  assert.equal(plainText("[\u202eelgoog](https://evil.com)"), "elgoog (evil.com)");
});

test("only addresses of the web and of mail are links", () => {
  for (const target of ["javascript:alert(1)", "data:text/html,x", "/r/1", "//evil.com", "vbscript:x", "\u202ehttps:x"]) {
    assert.equal(shown(`[a](${target})`), `[a](${target})`);
  }
});

test("an address keeps its signs, within emphasis and beside it", () => {
  assert.equal(shown("**https://x.org/a*b_c**后"), "<strong><link>https://x.org/a*b_c</link></strong>后");
  assert.equal(shown("*see https://x.org/a*b*"), "<em>see <link>https://x.org/a*b</link></em>");
});

test("mentions are found in text, not in code, addresses and words", () => {
  assert.equal(shown("你好@bob-1，@所有人"), "你好<mention>@bob-1</mention>，<mention>@所有人</mention>");
  assert.equal(shown("`@bob1` a@bob.org **@bob1**"), "<code>@bob1</code> <link>a@bob.org</link> <strong><mention>@bob1</mention></strong>");
});

test("a preview has the words without the marks", () => {
  assert.equal(plainText("**a** `b`\n- c\n> d\n```js\ne\n```"), "a b\n• c\nd\ne");
});

// What a message says is never lost: all letters and digits are there, in their order.
const words = (text) => text.replace(/[^\p{L}\p{N}]/gu, "");
const contents = (blocks) =>
  blocks
    .map(({ type, text, language, items, children }) => {
      if (items) return items.map((item) => item.mark + textOf(item.children)).join("\n");
      if (type === "code") return language + text;
      return type === "quote" ? contents(children) : textOf(children);
    })
    .join("\n");

test("nothing that was typed is lost", () => {
  const parts = ["*", "**", "_", "__", "~~", "`", "```", "\n", "\n\n", " ", "> ", "- ", "1. ", "[", "](", ")", "![", "\\", "<b>"];
  const more = ["a", "word", "中", "，", "“", "”", "1", "#", "|", "---", "@bob", "\ue000", "\uf8ff", "😀", "\t", "&amp;", "e.g.", ":"];
  const all = [...parts, ...more];
  let seed = 7;
  const pick = () => all[(seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % all.length];
  for (let round = 0; round < 4_000; round += 1) {
    const text = Array.from({ length: 1 + (round % 40) }, pick).join("");
    assert.equal(words(contents(parse(text))), words(text), JSON.stringify(text));
  }
});

test("a long text with very many marks keeps the format of each line that has fewer", () => {
  const line = "**a** `b` ".repeat(30).trim();
  assert.equal(shown(`${line}\n${line}`), `${shown(line)}\n${shown(line)}`);
  assert.ok(shown(line).includes("<strong>a</strong> <code>b</code>"));
  assert.equal(shown("_中(".repeat(300)), "_中(".repeat(300));
});

const fit = (part) => part.repeat(Math.ceil(4_000 / part.length)).slice(0, 4_000);
const HOSTILE = {
  stars: fit("*"), "stars and letters": fit("*a"), "letters and stars": fit("a*"), "stars and spaces": fit("*a **b "),
  brackets: fit("["), "links begun": fit("[a]("), "pictures begun": fit("!["), ticks: fit("`"), "ticks in runs": fit("`a``b```c"),
  quotes: fit(">"), "quotes in quotes": fit("> "), "lists in lists": fit("1. "), "fences": fit("```\n"), "fences begun": fit("```a\n"), tildes: fit("~~a "),
  underscores: fit("_a "), backslashes: fit("\\"), tags: fit("<a"), mentions: fit("@bob "), "mentions behind runs": fit(`${"_".repeat(99)}@`), "emphasis in emphasis": "*a _b ".repeat(333) + "c_ d* ".repeat(333),
  "deep emphasis": "**a ".repeat(500) + " b**".repeat(500), "Chinese stars": fit("中*，"), "private signs": String.fromCharCode(...Array.from({ length: 4_000 }, (_, i) => 0xe000 + i)),
  items: fit("- a\n"), "indented items": Array.from({ length: 88 }, (_, i) => `${" ".repeat(i)}- a`).join("\n"), domains: fit("a."), addresses: fit("a.cn "),
  "Chinese underscores": fit("_中("), "Chinese brackets": fit("中)*"), "a tick and stars": fit(`\`${"*a ".repeat(1_332)}*`),
  "lines of marks": fit(`${"_中(".repeat(60)}\n`),
};

test("no message takes many elements, whatever is in it", () => {
  const big = { "blocks of code": fit("```\n```\n"), "short items": fit("- x\n"), "code in a line": fit("`a` "), words: fit("**a** ") };
  for (const [name, text] of Object.entries({ ...HOSTILE, ...big })) {
    const blocks = parse(text);
    assert.ok(elementsOf(blocks) <= 300, `${name}: ${elementsOf(blocks)}`);
    assert.equal(words(contents(blocks)), words(text), name);
  }
  const list = fit("- x\n");
  assert.equal(shown(`${list}see www.example.org`), `${list}see <link>www.example.org</link>`);
});

test("no message takes long, whatever is in it", () => {
  for (const [name, text] of Object.entries(HOSTILE)) {
    const times = growth(parse, text);
    assert.ok(times < 8, `${name}: 4 times as long a text takes ${times} times as long`);
  }
});
