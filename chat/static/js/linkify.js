// Finds addresses of the web and of e-mail in plain text, Chinese text included.

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
// What is written without a scheme is an address only in a domain that few words and no usual names
// of files end in: never `run.py`, `README.md`, `user.id` or a full stop without a space behind it.
const DOMAINS = [
  "com|org|net|edu|gov|io|dev|ai|xyz|eu",
  "ar|au|br|ca|ch|cl|cn|cz|de|dk|es|fi|fr|gr|hk|hu|ie|il|jp|ke|kr|kz|lt|lu|lv|mo|mx|my|ng|nl|np|nz",
  "ph|pk|pt|ro|ru|sa|se|sg|sk|th|tr|tw|ua|uk|vn|za",
].join("|");
const BEFORE = "(?<![a-z0-9_\\u00c0-\\u024f@./\\\\:=&#%+$\\p{Default_Ignorable_Code_Point}-])";
const REST = `(?:(?!\\*\\*|~~|\\]\\()[^${END}])`; // bold and struck addresses end with their marks
const HOST = `(?:[a-z0-9-]+\\.)+(?:${DOMAINS})(?![a-z0-9_@-]|\\.[a-z0-9])`;
const CANDIDATE = new RegExp(
  [
    `https?://${REST}+`,
    `${BEFORE}(?:mailto:)?[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9-]+\\.)+[a-z]{2,24}(?![a-z0-9_@-]|[.:][a-z0-9/~])`,
    `${BEFORE}www\\.${REST}+`,
    `${BEFORE}${HOST}(?::\\d{1,5}(?!\\d))?(?:[/?#]${REST}*)?`,
  ].join("|"),
  "giu",
);
const ASSUMED = "https://";
const SCHEME = /^https?:/i;
const MAIL = /^(?:mailto:)?[^/?#@]+@[^/?#@]+$/i;
const MIXED_CASE = /\.(?=[a-z]*[A-Z])(?=[A-Z]*[a-z])[A-Za-z]+$/; // "Fine.It works"
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
// A label of one of these scripts, as those who write in it use them. Other letters, or a mixture, can
// be taken for those of another host.
const CLEAR_LABEL = /^(?:[\0-\x7f]*|[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\u30fc\d-]*(?::\d+)?)$/u;
const LONGEST_HOST = 260; // 253 characters and a port

/** Split text into `{text}` and `{text, href}` pieces, in order; joined they are the text again. */
export function linkify(text) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const { shown, href } = MAIL.test(match[0]) ? mailLink(match[0]) : webLink(match[0]);
    if (!href) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: shown, href });
    end = match.index + shown.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** The host to which an address leads, where the one that was typed can be taken for another; else "". */
export function hiddenHost({ text, href }) {
  if (!SCHEME.test(href)) return "";
  const [, typed] = AUTHORITY.exec(SCHEME.test(text) ? text : ASSUMED + text);
  return typed.split(".").every((label) => CLEAR_LABEL.test(label)) ? "" : new URL(href).host;
}

function mailLink(text) {
  return { shown: text, href: `mailto:${text.replace(/^mailto:/i, "")}` };
}

/** The part of a candidate that is an address, and where it leads; null if nowhere. */
function webLink(text) {
  if (SCHEME.test(text)) {
    const shown = trim(cutRunOn(text));
    return { shown, href: addressOf(shown) };
  }
  const shown = trim(cutRunOn(ASSUMED + text)).slice(ASSUMED.length);
  const host = AUTHORITY.exec(ASSUMED + shown)[1].replace(/:.*/, "");
  const isHost = host.includes(".") && !host.startsWith("-") && !host.endsWith(".") && !MIXED_CASE.test(host);
  return { shown, href: isHost ? addressOf(ASSUMED + shown) : null };
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
