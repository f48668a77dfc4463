// Rules of text: what shows nothing, and what is the same however it is typed. The server's are in
// chat/text/.

const VISIBLE = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\ufff9-\ufffb\u2800]/u;
export const ATS = "@＠﹫"; // each of them may stand before a username
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;
const FIRST_AT = new RegExp(`^[${ATS}]`);

/** Whether text shows nothing: then the server takes it neither as a message nor as a name. */
export function isBlank(text) {
  return !VISIBLE.test(text);
}

/** A text on one line. */
export function oneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}

/** The first `count` characters of a text, none of them cut in two. */
export function beginning(text, count) {
  return [...text.slice(0, 2 * count)].slice(0, count).join("");
}

/** The key by which names are compared and searched: Straße and STRASSE have the same. */
export function fold(text) {
  return text
    .replace(IGNORABLE, "")
    .normalize("NFKD")
    .toUpperCase() // two letters of ß, one of both kinds of sigma
    .toLowerCase()
    .normalize("NFKC")
    .replaceAll("ς", "σ")
    .replaceAll("i\u0307", "i");
}

/** A name as it is searched for, without the @ that was typed before it. */
export function withoutAt(text) {
  return text.trim().replace(FIRST_AT, "");
}
