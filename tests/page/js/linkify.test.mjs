import assert from "node:assert/strict";
import { test } from "node:test";
import { linkify } from "../../../chat/static/js/linkify.js";
import { growth } from "./helpers.mjs";

const links = (text) =>
  linkify(text)
    .filter(({ href }) => href)
    .map((piece) => piece.text);

test("the pieces joined are the text again", () => {
  for (const text of ["", "no link", "a http://x.org b https://y.org/?q=1, c", "https://"]) {
    assert.equal(linkify(text).map((piece) => piece.text).join(""), text);
  }
});

test("addresses end where the sentence goes on", () => {
  assert.deepEqual(links("See https://example.org/a. Then (https://example.org/b)!"), [
    "https://example.org/a",
    "https://example.org/b",
  ]);
  assert.deepEqual(links("https://en.example.org/wiki/Go_(game), ok"), [
    "https://en.example.org/wiki/Go_(game)",
  ]);
});

test("Chinese text around an address stays outside, in its path it stays inside", () => {
  assert.deepEqual(links("看看https://example.org/路径，很好。"), ["https://example.org/路径"]);
  assert.deepEqual(links("（https://example.org/a）"), ["https://example.org/a"]);
});

test("only http and https become links", () => {
  const text = "javascript:alert(1) data:text/html,x ftp://x.org file:///etc/passwd http://";
  assert.deepEqual(links(text), []);
});

test("brackets that were opened before the address stay outside, whichever stands inside which", () => {
  for (const text of ["[see (http://x.org)]", "([http://x.org])", "{[(http://x.org)]}.", "(http://x.org~)~)"]) {
    assert.deepEqual(links(text), ["http://x.org"], text);
  }
  assert.deepEqual(links("http://x.org/(a))."), ["http://x.org/(a)"]);
  assert.deepEqual(links("http://x.org/[1]/{b}~"), ["http://x.org/[1]/{b}"]);
});

test("a host that no name server could know stays text", () => {
  const long = "a.".repeat(126) + "a"; // 253
  assert.deepEqual(links(`http://${long}:8080/`), [`http://${long}:8080/`]);
  assert.deepEqual(links(`http://${"a.".repeat(200)}org http://x.org/${"a".repeat(400)}`), [
    `http://x.org/${"a".repeat(400)}`,
  ]);
});

const hidden = (code) => String.fromCodePoint(code);

test("an address ends where text is hidden or turned round", () => {
  for (const code of [0x202e, 0x202a, 0x2066, 0x200e, 0x61c, 0x200b, 0x200d, 0x2060, 0xfeff, 0xad, 0x34f, 0xfe0f, 0xe0041, 0x3164, 0x2800, 0x85]) {
    const text = `https://x.org/${hidden(code)}gpj.exe`;
    assert.deepEqual(links(text), ["https://x.org/"], code.toString(16));
    assert.equal(linkify(text).map((piece) => piece.text).join(""), text);
  }
  assert.deepEqual(links("https://x.org\u200b.evil.org"), ["https://x.org"]);
  assert.deepEqual(links("\u202ehttps://x.org/a"), ["https://x.org/a"]);
});

test("an address ends at punctuation of full width and at quotes of any script", () => {
  for (const sign of "，。、；：！？（）【】《》〈〉「」『』〔〕〖〗～＂＇｀＜＞｛｝［］＠＃％＆｜…—“”‘’„«»‹›﹐︰｡､\u3000") {
    assert.deepEqual(links(`https://x.org/a${sign}b`), ["https://x.org/a"], sign);
    assert.deepEqual(links(`看https://x.org${sign}b`), ["https://x.org"], sign);
  }
  assert.deepEqual(links("https://x.org/a،"), ["https://x.org/a"]);
  assert.deepEqual(links("https://x.org/a।"), ["https://x.org/a"]);
});

test("Chinese text that follows a host without a space stays outside", () => {
  for (const [text, link] of [
    ["https://example.org很好", "https://example.org"],
    ["https://example.org:8080很好/a", "https://example.org:8080"],
    ["https://例子.中国:8080很好", "https://例子.中国:8080"],
    ["http://127.0.0.1を見て", "http://127.0.0.1"],
    ["http://localhost입니다", "http://localhost"],
    ["https://www.例子.com呢", "https://www.例子.com"],
  ]) {
    assert.deepEqual(links(text), [link], text);
  }
  for (const whole of ["https://例子.中国", "https://例子.中国/路径", "https://münchen.example/", "https://a.vermögensberatung"]) {
    assert.deepEqual(links(whole), [whole]);
  }
});

test("a label of a host may mix scripts, unless it is the last one", () => {
  for (const text of ["https://b2b会社.jp/x", "https://www.toyota自動車.jp/", "https://a1中.b2文.cn:8080/"]) {
    assert.deepEqual(links(text), [text]);
  }
  assert.deepEqual(links("看https://www.example.com你好."), ["https://www.example.com"]);
});

test("what looks like another host is no link", () => {
  for (const text of [
    "https://bank.com@evil.com/",
    "https://bank.com:443@evil.com",
    "https://bank.com%2Flogin@evil.com",
    "https://bank.com\u2215login.evil.com/",
    "https://bank.com\u2044login.evil.com/",
    "https://bank.com\u29f8login.evil.com/",
    "https://%65vil.com/",
    ..."\u3033\u3035\u2cc6\u0294\u0338".split("").map((sign) => `https://bank.com${sign}login.evil.com/`),
    "https://bank.com\u30fclogin.evil.com/",
    "https://@evil.com",
  ]) {
    assert.deepEqual(links(text), [], text);
  }
  // a browser takes the backslash for a slash: this is the bank
  const [{ href }] = linkify("https://bank.com\\@evil.com");
  assert.equal(new URL(href).hostname, "bank.com");
});

test("a long vowel in a Japanese host is part of it", () => {
  assert.deepEqual(links("https://サーバー.jp/"), ["https://サーバー.jp/"]);
});

test("a host in other letters is shown as it is written and leads where it says", () => {
  const [piece] = linkify("https://\u0430pple.com/"); // the first letter is Cyrillic
  assert.equal(piece.text, "https://\u0430pple.com/");
  assert.equal(new URL(piece.href).hostname, "xn--pple-43d.com");
});

test("a link leads to no other host than the one it shows", () => {
  const text = "https://a.org/?u=https://b.org/@c#https://d.org [https://[::1]:5000/x] https://e.org.";
  assert.deepEqual(links(text), [
    "https://a.org/?u=https://b.org/@c#https://d.org",
    "https://[::1]:5000/x",
    "https://e.org",
  ]);
});

const LONGEST = 4_000;
const fit = (start, part, end = "") =>
  start + part.repeat((LONGEST - start.length - end.length) / part.length) + end;
const han = (count) => String.fromCodePoint(...Array.from({ length: count }, (_, i) => 0x4e00 + i));
const HOSTILE = {
  "punctuation before brackets": `http://a${"~".repeat(1_996)}${")".repeat(1_996)}`,
  "brackets with punctuation": fit("http://a", ")~"),
  "brackets of every kind": fit("http://a", ")]}."),
  "brackets opened and closed": `http://a/${"(".repeat(1_995)}${")".repeat(1_995)}`,
  "brackets opened first": fit("((((http://a", ")"),
  "punctuation that goes on": fit("http://a", "~", "a"),
  "punctuation in runs": fit("http://a", "~~~~~~~~~a"),
  "starts of addresses": fit("", "http://"),
  "short addresses": fit("", "http://a "),
  "half addresses": fit("", "http:/"),
  "hosts with brackets": fit("", "http://a~) "),
  "a host of many letters": `http://${han(3_990)}`,
  "a host of many names": fit("http://", "a."),
  "many users": fit("http://", "@", "a"),
  "hosts that run on": fit("", "http://a中 "),
  "a host that runs on": `http://${"a.".repeat(125)}${"中".repeat(3_740)}`,
  "ports that run on": `http://${":1".repeat(125)}中${"a".repeat(3_740)}`,
  "steps up": `http://a/${"a/".repeat(700)}${"../".repeat(850)}`,
  "white space": fit("", " "),
};

test("no message takes long, whatever is in it", () => {
  for (const [name, text] of Object.entries(HOSTILE)) {
    assert.ok(text.length > LONGEST - 50 && text.length <= LONGEST, `${name}: ${text.length}`);
    assert.equal(linkify(text).map((piece) => piece.text).join(""), text);
    const times = growth(linkify, text);
    assert.ok(times < 8, `${name}: 4 times as long a text takes ${times} times as long`);
  }
});

test("addresses without a scheme are found, in Chinese text too", () => {
  for (const [text, found] of [
    ["看example.com很好", ["example.com"]],
    ["去www.baidu.com看看，baidu.com/s?wd=中文。", ["www.baidu.com", "baidu.com/s?wd=中文"]],
    ["www.例子.com呢", ["www.例子.com"]],
    ["(EXAMPLE.COM), example.org:8080/a_b.", ["EXAMPLE.COM", "example.org:8080/a_b"]],
    ["bob@example.org, mailto:ann@x.co.uk.", ["bob@example.org", "mailto:ann@x.co.uk"]],
  ]) {
    assert.deepEqual(links(text), found, text);
  }
  assert.equal(linkify("example.com/a")[0].href, "https://example.com/a");
  assert.equal(linkify("bob@example.org")[0].href, "mailto:bob@example.org");
});

test("names of files, numbers and sentences without a space are no addresses", () => {
  for (const text of [
    "run.py README.md main.rs a.sh 1.5.2 e.g. i.e. Node.js user.id self.me",
    "It works.It is fine.De facto",
    "git@github.com:markedjs/marked.git",
    "./example.com C:\\example.com =example.com user@foo.com@evil.com com.example.app",
    "-example.com example.com- \u200bexample.com",
  ]) {
    assert.deepEqual(links(text), [], text);
  }
});

test("bold and struck addresses end with their marks", () => {
  assert.deepEqual(links("**https://x.org/a**后 ~~x.org/b~~后 [https://x.org/c](y)"), [
    "https://x.org/a",
    "x.org/b",
    "https://x.org/c",
  ]);
});
