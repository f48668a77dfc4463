// Tells screen readers about messages that arrive in the open room. The list itself is not live:
// scrolling back would read out the whole history.

import { h } from "../dom.js";
import { t } from "../i18n.js";

const MERGE_MS = 1_000;
const READ_OUT = 3; // more than these in one burst are counted instead
const KEPT = 20;

/** Make the hidden log; returns `{root, hear}`. */
export function createAnnouncer() {
  const root = h("div", { class: "visually-hidden", role: "log", "aria-label": t("announcer") });
  let heard = [];
  let timer = null;

  function speak() {
    timer = null;
    const lines =
      heard.length <= READ_OUT ? heard : [t("announcer.many", { count: heard.length })];
    heard = [];
    for (const line of lines) root.append(h("p", {}, line));
    while (root.children.length > KEPT) root.firstChild.remove();
  }

  return {
    root,
    /** Take one line; what comes within a second is read out together. */
    hear(line) {
      heard.push(line);
      timer ??= setTimeout(speak, MERGE_MS);
    },
  };
}
