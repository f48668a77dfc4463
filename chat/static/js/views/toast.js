// Short messages at the edge, read out politely.

import { h } from "../dom.js";

const SHOWN_MS = 3_000;
const READING_MS = 60; // a character

/** Make the region; returns `{root, say}`. */
export function createToasts() {
  const root = h("div", { class: "toasts", role: "status" });
  let home = null;
  return {
    root,
    say(text) {
      home ??= root.parentNode;
      // A modal dialog makes all outside it inert: what is to be seen and heard must be inside.
      const host = [...document.querySelectorAll("dialog[open]")].pop() ?? home;
      if (root.parentNode !== host) host.append(root);
      const toast = h("p", { class: "toast" }, text);
      root.replaceChildren(toast);
      setTimeout(() => toast.remove(), SHOWN_MS + READING_MS * text.length);
    },
  };
}
