// Names as people type and paste them, several at once.

import { ATS, withoutAt } from "./text.js";

const MARKS = ",;，；、\n\t";
const BETWEEN = new RegExp(`[${MARKS}]+`);
const CALLED = new RegExp(`^\\s*[${ATS}]\\S+(\\s+[${ATS}]\\S+)+\\s*$`); // several, by an @ each

/** The names in a text, without the @ before them: "ann, @bob" are two, and so is "@ann @bob". */
export function splitNames(text) {
  const pieces = text.split(BETWEEN).flatMap((piece) => (CALLED.test(piece) ? piece.split(/\s+/) : piece));
  return pieces.map((piece) => withoutAt(piece)).filter(Boolean);
}

/** What of a text is finished, by a mark behind it, and what is still being typed. */
export function finishedNames(text) {
  const end = Math.max(...[...MARKS].map((mark) => text.lastIndexOf(mark)));
  return { names: splitNames(text.slice(0, end + 1)), rest: text.slice(end + 1).trimStart() };
}
