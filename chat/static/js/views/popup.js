// A panel over the page: beside what opened it, or at the lower edge of a small or touched screen.

import { h } from "../dom.js";
import { navigation } from "../navigation.js";
import { below, place } from "../placing.js";

const SMALL = "(max-width: 719.98px), (pointer: coarse)";

/**
 * Open a panel named `label` beside the rectangle `at`; it goes by Escape, Back and a press beside
 * it, and gives the focus back. Returns `{close}`.
 */
export function openPopup({ label, body, at, className = "", onClose = () => {} }) {
  const panel = h("div", { class: "popup-panel" }, body);
  // The dialog takes the focus, not its first field: that would open a touch keyboard.
  const dialog = h("dialog", { class: `popup ${className}`, "aria-label": label, autofocus: true }, panel);
  const close = () => dialog.close();

  function arrange() {
    const small = matchMedia(SMALL).matches;
    dialog.classList.toggle("popup-sheet", small);
    if (small) panel.removeAttribute("style");
    else place(panel, at, below);
  }

  let pressed = false; // a press began beside the panel
  dialog.addEventListener("pointerdown", (event) => (pressed = event.target === dialog));
  dialog.addEventListener("click", (event) => pressed && event.target === dialog && close());
  dialog.addEventListener("contextmenu", (event) => event.preventDefault());
  dialog.addEventListener("close", () => {
    closed();
    removeEventListener("resize", arrange);
    dialog.remove();
    onClose();
  });
  document.body.append(dialog);
  dialog.showModal();
  arrange();
  addEventListener("resize", arrange);
  const closed = navigation.layer(close);
  return { close };
}
