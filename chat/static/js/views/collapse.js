// Long messages show their beginning, and all of it on a click.

import { h, setText } from "../dom.js";
import { t } from "../i18n.js";

const MOST_LINES = 20;
const SHORT = 300; // code units: so few fill no 20 lines on any screen, unless they break themselves
const expanded = new Set(); // ids of messages that somebody wanted to see whole

function mayBeLong({ data }) {
  return data.length > SHORT || data.split("\n", MOST_LINES + 1).length > MOST_LINES;
}

/** Shorten the new rows that are too long: `rows` are `{box, message}`; `toggled(change)` does what moves the list. */
export function collapseLong(rows, toggled) {
  const candidates = rows.filter(({ message }) => mayBeLong(message));
  // All are measured before any is changed: one layout.
  const long = candidates.filter(({ box }) => {
    const text = box.querySelector(".bubble");
    const line = parseFloat(getComputedStyle(text).lineHeight);
    return heightOf(text) > (MOST_LINES + 2) * line; // hiding a line or two would save nothing
  });
  for (const row of candidates) if (!long.includes(row)) restore(row.box);
  for (const row of long) shorten(row, toggled);
}

function heightOf(text) {
  const { top, bottom } = text.getBoundingClientRect();
  return Math.max(text.scrollHeight, bottom - top);
}

function restore(box) {
  box.classList.remove("long", "collapsed");
  box.querySelector(":scope > .show-all")?.remove();
}

function shorten({ box, message }, toggled) {
  const id = message.id ?? message.client_id;
  const draw = () => {
    box.classList.toggle("collapsed", !expanded.has(id));
    setText(button, t(expanded.has(id) ? "message.less" : "message.all"));
    button.setAttribute("aria-expanded", String(expanded.has(id)));
  };
  const toggle = () =>
    toggled(button, () => {
      if (!expanded.delete(id)) expanded.add(id);
      draw();
    });
  const found = box.querySelector(":scope > .show-all");
  const button = found ?? h("button", { type: "button", class: "show-all link-button", tabindex: "-1", onclick: toggle });
  box.classList.add("long");
  draw();
  if (!found) box.querySelector(".bubble").after(button);
}
