// A part that opens below its heading.

import { h, icon } from "../dom.js";
import { DOWN_SMALL } from "../icons.js";

/** Make it, called `title`; `onOpen()` each time it is opened. Returns its element. */
export function disclosure(title, content, { path = null, onOpen = () => {} } = {}) {
  const root = h(
    "details",
    { class: "disclosure" },
    h("summary", {}, path && icon(path), h("span", { class: "disclosure-title" }, title), icon(DOWN_SMALL)),
    h("div", { class: "disclosure-body" }, content),
  );
  root.addEventListener("toggle", () => root.open && onOpen());
  return root;
}
