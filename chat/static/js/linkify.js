// Finds http(s) addresses in plain text, Chinese text included.

// An address ends at white space, at quotes and brackets of either script, and at full-width punctuation.
const CANDIDATE = /https?:\/\/[^\s<>"'`「」『』《》〈〉【】（）“”‘’，。、；：！？…]+/gi;
const TRAILING = new Set(".,;:!?*_~");
const OPENING = new Map([
  [")", "("],
  ["]", "["],
  ["}", "{"],
]);
const HOST = /^https?:[/\\]*(?:[^/\\?#]*@)?([^/\\?#]*)/i;
const LONGEST_HOST = 260; // 253 characters and a port

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

/** Drop the punctuation of the sentence and closing brackets that were opened before the address. */
function trim(address) {
  const left = brackets(address);
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address[end - 1];
    if (TRAILING.has(last)) continue;
    if (!OPENING.has(last) || left.get(last) <= left.get(OPENING.get(last))) break;
    left.set(last, left.get(last) - 1);
  }
  return address.slice(0, end);
}

/** Count each kind of bracket: once, as counting again at each step would take seconds. */
function brackets(text) {
  const counts = new Map([...OPENING].flat().map((char) => [char, 0]));
  for (const char of text) if (counts.has(char)) counts.set(char, counts.get(char) + 1);
  return counts;
}

function addressOf(text) {
  // Reading a host takes browsers time that grows with the square of its length.
  if (HOST.exec(text)[1].length > LONGEST_HOST) return null;
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && url.hostname ? url.href : null;
  } catch {
    return null; // not an address after all: it stays text
  }
}
