// Modal dialogs over the native element: it keeps focus inside and gives it back.

import { h, icon } from "../dom.js";
import { CLOSE } from "../icons.js";
import { t } from "../i18n.js";
import { navigation } from "../navigation.js";
import { keepBeside } from "../placing.js";

let count = 0;

/**
 * Open a dialog; returns `{dialog, close}`. `sheet` puts it at the side instead of the middle. With
 * `anchor`, what was clicked, it is a card: beside the anchor, or at the lower edge of a phone.
 */
export function openDialog({ title, body, sheet = false, anchor = null, onClose = () => {} }) {
  const id = `dialog-${++count}`;
  const close = () => {
    // What was opened from it lies above it, and goes with it.
    for (let above = dialog; (above = above.nextElementSibling); ) if (above.open) above.close();
    dialog.close();
  };
  const look = anchor ? "dialog card" : sheet ? "dialog sheet" : "dialog";
  const dialog = h(
    "dialog",
    { class: look, "aria-labelledby": id },
    h(
      "div",
      { class: "dialog-inside" },
      h(
        "header",
        { class: "dialog-head" },
        h("h2", { id, class: anchor && "visually-hidden", title, dir: "auto" }, title),
        h(
          "button",
          { type: "button", class: "icon-button", "aria-label": t("close"), onclick: close },
          icon(CLOSE),
        ),
      ),
      h("div", { class: "dialog-body" }, body),
    ),
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) close(); // the backdrop: what is inside lies in .dialog-inside
  });
  const opener = document.activeElement;
  dialog.addEventListener("close", () => {
    closed();
    stopPlacing?.();
    dialog.remove();
    // Safari gives no focus to a button that is clicked, so it has none to give back.
    if (document.activeElement === document.body) (anchor ?? opener)?.focus?.({ preventScroll: true });
    onClose();
  });
  document.body.append(dialog);
  dialog.showModal();
  const stopPlacing = anchor && keepBeside(dialog, anchor);
  const closed = navigation.layer(close);
  return { dialog, close };
}

/** Ask before something that cannot be undone; resolves to whether it was agreed to. */
export function confirm({ title, text, action }) {
  return new Promise((resolve) => {
    let agreed = false;
    const agree = () => {
      agreed = true;
      opened.close();
    };
    const body = [
      h("p", {}, text),
      h(
        "div",
        { class: "actions" },
        h("button", { type: "button", class: "button", onclick: () => opened.close() }, t("cancel")),
        h("button", { type: "button", class: "button danger", onclick: agree }, action),
      ),
    ];
    const opened = openDialog({ title, body, onClose: () => resolve(agreed) });
  });
}
