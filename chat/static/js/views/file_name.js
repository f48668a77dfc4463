// The name of a file, cut in its middle where there is no space: its ending says what it is.

import { h } from "../dom.js";
import { nameParts } from "../files/kinds.js";

/** Make the name; its direction is its own. */
export function fileName(name) {
  const [start, end] = nameParts(name);
  return h("bdi", { class: "file-name", title: name }, h("span", { class: "file-name-start" }, start), end && h("span", {}, end));
}
