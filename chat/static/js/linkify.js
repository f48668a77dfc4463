// Finds http(s) addresses in plain text, Chinese text included.

// An address ends at white space, at quotes and brackets of either script, and at full-width punctuation.
const CANDIDATE = /https?:\/\/[^\s<>"'`「」『』《》〈〉【】（）“”‘’，。、；：！？…]+/gi;
const TRAILING = /[.,;:!?*_~]+$/;

/** Split text into `{text}` and `{text, href}` pieces, in order; joined they are the text again. */
export function linkify(text) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const shown = trim(match[0]);
    const href = addressOf(shown);
    if (!href) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: shown, href });
    end = match.index + shown.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** Drop the punctuation of the sentence and a closing bracket that was opened before the address. */
function trim(address) {
  let shown = address.replace(TRAILING, "");
  for (const [open, close] of ["()", "[]", "{}"]) {
    while (shown.endsWith(close) && count(shown, close) > count(shown, open)) {
      shown = shown.slice(0, -1).replace(TRAILING, "");
    }
  }
  return shown;
}

function count(text, char) {
  return text.split(char).length - 1;
}

function addressOf(text) {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && url.hostname ? url.href : null;
  } catch {
    return null; // not an address after all: it stays text
  }
}
