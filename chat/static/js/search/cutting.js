// What a result shows of its message: the text around the first match, in pieces.

import { rangesOf } from "./words.js";

const LEAD = 36; // columns before the first match; a Chinese character takes two
const LONGEST = 280;
const SNAP = 12; // columns within which a cut moves on to the next word
const FAR = 2_000; // code units that are looked at, at most
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f000}-\u{3fffd}]/u;

const segmenter = Intl.Segmenter && new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The characters of a text as people see them. */
function charactersOf(text) {
  return segmenter ? Array.from(segmenter.segment(text), ({ segment }) => segment) : [...text];
}

const columnsOf = (character) => (WIDE.test(character) ? 2 : 1);

/**
 * Cut a text of one line around its first match with `phrases`; returns `[{text, isMatch}]`, with an
 * ellipsis where something is left out.
 */
export function cut(line, phrases) {
  const ranges = rangesOf(line, phrases);
  const start = startBefore(line, ranges[0]?.[0] ?? 0);
  const end = endBehind(line, start);
  const pieces = [];
  const add = (text, isMatch) => text && pieces.push({ text, isMatch });
  let at = start;
  if (start > 0) add("…", false);
  for (const [from, to] of ranges) {
    if (from >= end) break;
    add(line.slice(at, from), false);
    add(line.slice(from, Math.min(to, end)), true);
    at = Math.min(to, end);
  }
  add(line.slice(at, end), false);
  if (end < line.length) add("…", false);
  return pieces;
}

/** Where to begin so that a match at `at` is seen; the beginning of a word, if one is near. */
function startBefore(line, at) {
  const before = line.slice(Math.max(0, at - FAR), at);
  let columns = 0;
  let start = at;
  for (const character of charactersOf(before).reverse()) {
    columns += columnsOf(character);
    if (columns > LEAD) return nextWord(line, start, at);
    start -= character.length;
  }
  return 0;
}

function nextWord(line, start, at) {
  const near = line.slice(start, Math.min(at, start + SNAP));
  const space = near.indexOf(" ");
  return space < 0 ? start : start + space + 1;
}

function endBehind(line, start) {
  let columns = 0;
  let end = start;
  for (const character of charactersOf(line.slice(start, start + FAR))) {
    columns += columnsOf(character);
    if (columns > LONGEST) return end;
    end += character.length;
  }
  return end;
}
