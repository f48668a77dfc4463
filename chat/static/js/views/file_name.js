// The name of a file, cut in its middle where there is no space: its ending says what it is.

import { h } from "../dom.js";
import { nameParts } from "../files/kinds.js";

/** Make the name; its direction is its own. */
export function fileName(name) {
  const [start, end] = nameParts(name);
  const first = { class: "file-name-start" };
  if (!end) return h("bdi", { class: "file-name", title: name }, h("span", first, start));
  return h(
    "bdi",
    { class: "file-name", title: name },
    h("span", { ...first, "aria-hidden": "true" }, start),
    h("span", { "aria-hidden": "true" }, end),
    h("span", { class: "visually-hidden" }, name), // read out in one piece
  );
}
