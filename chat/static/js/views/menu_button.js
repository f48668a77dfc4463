// A button "⋯" that opens a menu.

import { h, icon, setAttr } from "../dom.js";
import { MORE } from "../icons.js";
import { edgesOf } from "../placing.js";
import { openMenu } from "./menu.js";

/** Make the button, called `label`; `itemsOf()` is asked for the menu's items when it opens. */
export function menuButton(label, itemsOf) {
  function open() {
    setAttr(button, "aria-expanded", "true");
    openMenu({
      label,
      at: edgesOf(button),
      items: itemsOf().filter(Boolean),
      onClose: () => setAttr(button, "aria-expanded", "false"),
    });
  }

  const button = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": label,
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      onclick: open,
    },
    icon(MORE),
  );
  return button;
}
