// Finds http(s) addresses in plain text, Chinese text included.

// An address ends at white space and at what shows nothing, such as direction marks: behind one of
// those, text may look like a part of the address that it is not. It also ends at quotes, and at
// punctuation of full width.
const END = [
  "\\s\\p{Default_Ignorable_Code_Point}\\p{Cc}\\ufff9-\\ufffb\\u2800",
  "<>\"'`«»‹›“”„‟‘’‚‛…—―‖†‡•",
  "\\u3000-\\u3004\\u3008-\\u3020\\u3030\\u303d\\u303f", // 、。〈〉《》「」『』【】〔〕〖〗〜
  "\\ufe10-\\ufe1f\\ufe30-\\ufe4f\\ufe50-\\ufe6b",
  "\\uff01-\\uff0f\\uff1a-\\uff20\\uff3b-\\uff40\\uff5b-\\uff65\\uffe0-\\uffee",
].join("");
const CANDIDATE = new RegExp(`https?://[^${END}]+`, "giu");
const TRAILING = new Set(".,;:!?*_~،؛؟।");
const OPENING = new Map([
  [")", "("],
  ["]", "["],
  ["}", "{"],
]);
const AUTHORITY = /^https?:[/\\]*([^/\\?#]*)/i;
// Letters, digits and what joins them. With more in it an address can look like another one: what
// stands before an @ is no host, and signs that resemble a slash belong to the host.
const PLAIN_HOST = /^[\p{L}\p{M}\p{N}._:[\]-]+$/u;
// A last label in ASCII, or a port, that runs on in a script that is written without spaces. Labels
// before the last one may mix them: `b2b会社.jp` is a host.
const RUN_ON = /^((?:.*\.)?[a-z0-9-]+(?::\d+)?|.*:\d+)[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}](?!.*\.[^.])/iu;
// Letters and marks that look like a slash, and a long vowel that looks like a dash after Latin ones.
const LOOKALIKE = /[\u0294\u01c0-\u01c3\u0334-\u0338\u2cc6\u3031-\u3035\ua4f8]|[a-z0-9]\u30fc/iu;
const LONGEST_HOST = 260; // 253 characters and a port

/** Split text into `{text}` and `{text, href}` pieces, in order; joined they are the text again. */
export function linkify(text) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const shown = trim(cutRunOn(match[0]));
    const href = addressOf(shown);
    if (!href) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: shown, href });
    end = match.index + shown.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** Drop Chinese text that follows the host without a space: no top-level domain mixes the two. */
function cutRunOn(address) {
  const [start, host] = AUTHORITY.exec(address);
  if (host.length > LONGEST_HOST) return address;
  const kept = RUN_ON.exec(host)?.[1];
  return kept === undefined ? address : start.slice(0, start.length - host.length) + kept;
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
  const host = AUTHORITY.exec(text)?.[1] ?? "";
  if (host.length > LONGEST_HOST || !PLAIN_HOST.test(host) || LOOKALIKE.test(host)) return null;
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && url.hostname ? url.href : null;
  } catch {
    return null; // not an address after all: it stays text
  }
}
