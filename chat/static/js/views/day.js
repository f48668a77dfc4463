// Days in the list of messages: the line where one begins, and the date that floats above the list
// while somebody scrolls.

import { h, setText } from "../dom.js";
import { day } from "../format.js";

const QUIET_MS = 1_200; // after the last scrolling

export function createDay(at) {
  return h("li", { class: "day" }, h("span", {}, day(at)));
}

/** Redraw the text of a day's line: it depends on the day it is read. */
export function refreshDay(node, at) {
  setText(node.firstChild, day(at));
}

/** Make the floating date; the lines in the list tell screen readers the same. */
export function createStickyDay() {
  const text = h("span");
  const root = h("div", { class: "sticky-day", "aria-hidden": "true" }, text);
  let timer = 0;
  const hide = () => root.classList.remove("shown");
  return {
    root,
    /** Show the date of what is at the top; null hides it, as a line says the same there. */
    show(at) {
      clearTimeout(timer);
      if (at === null) return hide();
      setText(text, day(at));
      root.classList.add("shown");
      timer = setTimeout(hide, QUIET_MS);
      return undefined;
    },
    stop: () => clearTimeout(timer),
  };
}
