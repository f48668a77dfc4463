// A menu that drops from a button: arrows choose, Escape and Back close it, nothing cuts it off.

import { h, icon } from "../dom.js";
import { navigation } from "../navigation.js";

/**
 * Open a menu below `anchor`, called `label`; each of `items` is `{text, icon?, danger?, action}`, what
 * is not one is left out. Returns what closes it.
 */
export function openMenu(anchor, label, items) {
  const buttons = items.filter(Boolean).map(({ text, icon: path, danger, action }) =>
    h(
      "button",
      {
        type: "button",
        role: "menuitem",
        tabindex: "-1",
        class: danger ? "menu-item danger-text" : "menu-item",
        onclick() {
          close();
          action();
        },
      },
      path && icon(path),
      text,
    ),
  );
  const menu = h("div", { class: "menu-items", role: "menu", "aria-label": label, popover: "auto" }, buttons);
  const close = () => menu.hidePopover();

  menu.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const at = buttons.indexOf(document.activeElement);
    const next = {
      ArrowDown: (at + 1) % buttons.length,
      ArrowUp: (at - 1 + buttons.length) % buttons.length,
      Home: 0,
      End: buttons.length - 1,
    }[event.key];
    if (next !== undefined) buttons[next].focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault(); // Escape closes the menu, not the sheet around it
  });
  menu.addEventListener("toggle", ({ newState }) => {
    if (newState !== "closed") return;
    closed();
    anchor.setAttribute("aria-expanded", "false");
    const lost = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    if (lost) anchor.focus({ preventScroll: true });
  });

  // What a modal dialog does not contain is inert, even above it.
  (anchor.closest("dialog") ?? document.body).append(menu);
  menu.showPopover();
  anchor.setAttribute("aria-expanded", "true");
  stand(menu, anchor.getBoundingClientRect());
  const closed = navigation.layer(close);
  buttons[0]?.focus({ preventScroll: true });
  return close;
}

function stand(menu, rect) {
  const { offsetWidth: width, offsetHeight: height } = menu;
  const top = rect.bottom + height + 8 > innerHeight ? rect.top - height : rect.bottom;
  menu.style.left = `${Math.max(8, Math.min(rect.right - width, innerWidth - width - 8))}px`;
  menu.style.top = `${Math.max(8, top)}px`;
}

/** Make a button "⋯" that opens a menu; `itemsOf()` is asked when it does. */
export function menuButton(path, label, itemsOf) {
  const button = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": label,
      title: label,
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      onclick: () => openMenu(button, label, itemsOf()),
    },
    icon(path),
  );
  return button;
}
