// The sign of a file that is no picture, by its kind.

import { h, icon } from "../dom.js";
import { kindOf } from "../files/kinds.js";
import { ARCHIVE, CODE, FILE, FILE_TEXT, FILM, PICTURE, SHEET, SLIDES, SOUND } from "../icons.js";

const SIGNS = {
  pdf: FILE_TEXT,
  archive: ARCHIVE,
  sheet: SHEET,
  slides: SLIDES,
  text: FILE_TEXT,
  sound: SOUND,
  film: FILM,
  picture: PICTURE,
  code: CODE,
  other: FILE,
};

/** Make the sign; decorative, as the name stands beside it. */
export function fileSign(file) {
  const kind = kindOf(file);
  return h("span", { class: `file-sign file-${kind}`, "aria-hidden": "true" }, icon(SIGNS[kind]));
}
