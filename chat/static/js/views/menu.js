// A menu: a line of emoji, and below it a list of things to do.

import { h, icon } from "../dom.js";
import { hasModifier, isComposing } from "../keys.js";
import { openPopup } from "./popup.js";

const TYPED_MS = 700;

/**
 * Open a menu beside the rectangle `at`. `quick` are `{label, text?, icon?, checked?, action}`,
 * `items` `{text, icon, danger?, action}`; an action runs when the menu is gone.
 */
export function openMenu({ label, at, quick = [], items, onClose }) {
  const run = (action) => () => {
    popup.close();
    action();
  };
  const first = quick.map((one) =>
    h(
      "button",
      {
        type: "button",
        class: "menu-quick",
        role: "checked" in one ? "menuitemcheckbox" : "menuitem",
        "aria-checked": "checked" in one ? String(one.checked) : null,
        "aria-label": one.label,
        title: one.label,
        tabindex: "-1",
        onclick: run(one.action),
      },
      one.icon ? icon(one.icon) : one.text,
    ),
  );
  const others = items.map((one) =>
    h(
      "button",
      {
        type: "button",
        class: one.danger ? "menu-row danger-text" : "menu-row",
        role: "menuitem",
        tabindex: "-1",
        onclick: run(one.action),
      },
      icon(one.icon),
      h("span", {}, one.text),
    ),
  );
  const menu = h(
    "div",
    { class: "popup-menu", role: "menu", "aria-label": label },
    first.length ? h("div", { class: "menu-quicks", role: "group" }, first) : null,
    others,
  );
  menu.addEventListener("keydown", createKeys(first, others));
  const popup = openPopup({ label, body: menu, at, onClose, className: "popup-for-menu" });
  (first[0] ?? others[0])?.focus({ preventScroll: true });
}

/** Make the handler of keys: up and down through the rows, the emoji being one, to the sides in it. */
function createKeys(quick, others) {
  const rows = [quick, ...others.map((one) => [one])].filter((row) => row.length);
  let typed = "";
  let typedAt = 0;

  function find(key) {
    const now = Date.now();
    typed = now - typedAt > TYPED_MS ? key : typed + key;
    typedAt = now;
    const all = [...others, ...others];
    const from = others.indexOf(document.activeElement) + (typed.length === 1 ? 1 : 0);
    return all.slice(Math.max(0, from)).find((one) => one.textContent.toLowerCase().startsWith(typed));
  }

  return (event) => {
    if (isComposing(event)) return;
    const { key } = event;
    const at = rows.findIndex((row) => row.includes(document.activeElement));
    const row = rows[at] ?? rows[0];
    const column = row.indexOf(document.activeElement);
    const side = getComputedStyle(row[0]).direction === "rtl" ? -1 : 1;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    const across = { ArrowRight: side, ArrowLeft: -side }[key];
    let next = null;
    if (step) [next] = rows[(at + step + rows.length) % rows.length];
    else if (across) next = row[(column + across + row.length) % row.length];
    else if (key === "Home") [[next]] = rows;
    else if (key === "End") [next] = rows[rows.length - 1];
    else if (key === "Tab") next = rows[(at + (event.shiftKey ? -1 : 1) + rows.length) % rows.length][0];
    else if ([...key].length === 1 && key !== " " && !hasModifier(event)) {
      next = find(key.toLowerCase());
    } else return;
    event.preventDefault();
    next?.focus();
  };
}
