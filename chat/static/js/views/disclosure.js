// A part that opens below its heading.

import { h, icon } from "../dom.js";
import { DOWN_SMALL } from "../icons.js";

/** Make it, called `title`; `onOpen()` each time it is opened. Returns `{root, body}`. */
export function disclosure(title, content, { path = null, onOpen = () => {} } = {}) {
  const body = h("div", { class: "disclosure-body" }, content);
  const root = h(
    "details",
    { class: "disclosure" },
    h("summary", {}, path && icon(path), h("span", { class: "disclosure-title" }, title), icon(DOWN_SMALL)),
    body,
  );
  root.addEventListener("toggle", () => root.open && onOpen());
  return { root, body };
}
