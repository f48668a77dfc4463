import assert from "node:assert/strict";
import { test } from "node:test";
import { linkify } from "../../../chat/static/js/linkify.js";

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
  assert.deepEqual(links(`http://${long}:8080/ http://me@${long}`), [
    `http://${long}:8080/`,
    `http://me@${long}`,
  ]);
  assert.deepEqual(links(`http://${"a.".repeat(200)}org http://x.org/${"a".repeat(400)}`), [
    `http://x.org/${"a".repeat(400)}`,
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
  "steps up": `http://a/${"a/".repeat(700)}${"../".repeat(850)}`,
  "white space": fit("", " "),
};

test("no message takes long, whatever is in it", () => {
  for (const [name, text] of Object.entries(HOSTILE)) {
    assert.ok(text.length > LONGEST - 50 && text.length <= LONGEST, `${name}: ${text.length}`);
    assert.equal(linkify(text).map((piece) => piece.text).join(""), text);
    const took = Array.from({ length: 5 }, () => {
      const begun = performance.now();
      linkify(text);
      return performance.now() - begun;
    });
    assert.ok(Math.min(...took) < 20, `${name}: ${Math.min(...took)} ms`); // others work here too
  }
});
