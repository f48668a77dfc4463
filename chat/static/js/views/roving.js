// The keyboard in the list of messages: one stop for the Tab key, the arrows go from row to row, and
// Tab goes on through what is in the row that has the focus. Links, buttons and blocks of code in rows
// are made with tabindex -1.

import { hasModifier, isComposing } from "../keys.js";

const STEPS = { ArrowUp: -1, ArrowDown: 1 };
// The bar looks after itself, and the menu copies the link.
const INSIDE = ":is(a:not(.permalink), button, .code-text):not(.message-bar *)";

/**
 * Let the rows of `list` be reached by keyboard. `labelOf(row)` is what a screen reader says of one,
 * `reveal(row)` scrolls to it, `toEnd()` goes to the newest.
 */
export function createRoving({ list, labelOf, reveal, toEnd }) {
  let current = null; // the row that is the stop

  const rows = () => [...list.querySelectorAll(":scope > .message")];

  function setCurrent(row) {
    if (current === row) return;
    if (current) current.tabIndex = -1;
    current = row;
    if (row) row.tabIndex = 0;
  }

  /** Let Tab reach what is in a row (0), or not (-1): from outside, the row itself is the one stop. */
  function setStops(row, tabIndex) {
    for (const control of row.querySelectorAll(INSIDE)) control.tabIndex = tabIndex;
  }

  function focus(row) {
    if (!row) return;
    setCurrent(row);
    row.setAttribute("aria-label", labelOf(row));
    row.focus({ preventScroll: true });
    reveal(row);
  }

  function onKey(event) {
    if (isComposing(event) || event.defaultPrevented) return;
    if (hasModifier(event) || event.shiftKey) return;
    const row = event.target.closest?.(".message");
    if (!row || event.target !== row) return; // what is inside a row has keys of its own
    const all = rows();
    if (event.key === "Home") focus(all[0]);
    else if (event.key === "End") {
      toEnd();
      focus(rows().at(-1));
    } else if (STEPS[event.key]) focus(all[all.indexOf(row) + STEPS[event.key]]);
    else return;
    event.preventDefault();
  }

  list.addEventListener("keydown", onKey);
  list.addEventListener("focusin", ({ target }) => {
    const row = target.closest(".message");
    if (!row) return;
    setCurrent(row);
    setStops(row, 0);
  });
  list.addEventListener("focusout", ({ target, relatedTarget }) => {
    if (target.matches(".message")) target.removeAttribute("aria-label");
    const row = target.closest(".message");
    if (row && !row.contains(relatedTarget)) setStops(row, -1);
  });

  return {
    /** The list was drawn or scrolled: who comes into it with Tab comes to the last visible row. */
    refresh(lastVisible) {
      const isInside = list.contains(document.activeElement);
      if (!isInside || !current?.isConnected) setCurrent(lastVisible);
    },
  };
}
