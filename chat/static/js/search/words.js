// The words of a text as the server's search sees them (chat/text/terms.py), and where a text has
// those that were searched for.

import { fold } from "../text.js";

// Thai, Lao, Burmese, Khmer, kana, bopomofo, hanzi and hangul: scripts that put no spaces between words.
const UNSPACED =
  "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u1100-\\u11ff\\u3005-\\u3007\\u3041-\\u3096\\u3099-\\u309f" +
  "\\u30a1-\\u30fa\\u30fc-\\u30ff\\u3105-\\u318e\\u31a0-\\u31ff\\u3400-\\u9fff\\uac00-\\ud7ff\\uf900-\\ufaff" +
  "\\u{20000}-\\u{3ffff}";
const EMOJI = "\\u2300-\\u23ff\\u25a0-\\u27bf\\u2934\\u2935\\u2b00-\\u2bff\\u{1f000}-\\u{1f3fa}\\u{1f400}-\\u{1faff}";
const UNSEEN = "\\p{Default_Ignorable_Code_Point}\\u{1f3fb}-\\u{1f3ff}"; // joiners, and the tones of skin
const TOKEN = new RegExp(
  `(?<single>[${UNSPACED}${EMOJI}])[${UNSEEN}]*|(?:(?![${UNSPACED}${EMOJI}])[\\p{L}\\p{N}\\p{M}][${UNSEEN}]*)+`,
  "gu",
);
const ACCENTS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u0652]/g;
const STROKES = { ø: "o", đ: "d", ł: "l", ħ: "h" };
const WHOLE = 2; // letters of words that are found whole alone

/** List the tokens of a text: `{text, plain, start, end, isWord, touches}`. */
export function tokensOf(text) {
  const tokens = [];
  let end = -1; // of the last single character
  for (const found of text.matchAll(TOKEN)) {
    const { single } = found.groups;
    const start = found.index;
    const folded = fold(single ?? found[0]);
    const token = { text: folded, plain: folded, start, end: start + found[0].length, isWord: !single, touches: false };
    if (single) {
      token.touches = start === end;
      end = token.end;
    } else token.plain = plainOf(folded);
    tokens.push(token);
  }
  return tokens;
}

function plainOf(word) {
  return word
    .normalize("NFD")
    .replace(ACCENTS, "")
    .normalize("NFC")
    .replace(/[øđłħ]/g, (letter) => STROKES[letter]);
}

/** Where a text has the words or phrases of an answer: `[start, end]` of each, in order and apart. */
export function rangesOf(text, phrases) {
  const tokens = tokensOf(text);
  const found = [];
  for (const phrase of phrases) {
    const wanted = tokensOf(phrase);
    if (!wanted.length) continue;
    for (let at = 0; at + wanted.length <= tokens.length; at += 1) {
      const isThere = wanted.every((one, offset) => fits(one, tokens[at + offset], offset, wanted.length - 1));
      if (!isThere) continue;
      found.push([tokens[at].start, endOf(wanted.at(-1), tokens[at + wanted.length - 1])]);
    }
  }
  return joined(found.sort((a, b) => a[0] - b[0]));
}

/** Of the last word a beginning is enough: whether it was in quotes is not told. */
function fits(wanted, token, offset, last) {
  if (wanted.touches && offset > 0 && !token.touches) return false;
  if (offset === last && wanted.isWord && wanted.text.length > WHOLE) {
    return token.text.startsWith(wanted.text) || token.plain.startsWith(wanted.text);
  }
  return wanted.text === token.text || wanted.text === token.plain;
}

/** The end of what fits in a token; all of it where folding has changed its length. */
function endOf(wanted, token) {
  const kept = token.text.length === token.end - token.start;
  return kept && wanted.isWord ? token.start + wanted.text.length : token.end;
}

function joined(ranges) {
  const apart = [];
  for (const [start, end] of ranges) {
    const last = apart.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else apart.push([start, end]);
  }
  return apart;
}
