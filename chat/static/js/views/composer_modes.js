// What the composer is for at the moment: a new message, a reply, or another text of an old one.

import { fill, h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { CLOSE, PENCIL, REPLY } from "../icons.js";
import { excerptOf } from "./excerpt.js";

/**
 * Make the strip above the text field. `authorOf(quote)` names its author, `goTo(seq)` shows the
 * message, `leave()` is called by its button. Returns `{root, mode, quote, message, set…}`.
 */
export function createModes({ authorOf, goTo, leave }) {
  const body = h("button", { type: "button", class: "mode-body", onclick: () => goTo(state.of.seq) });
  const sign = h("span", { class: "mode-sign", "aria-hidden": "true" });
  const cancel = h("button", { type: "button", class: "icon-button", onclick: leave }, icon(CLOSE));
  const root = h("div", { class: "composer-mode", hidden: true }, sign, body, cancel);
  let state = { name: "write", of: null };

  function set(name, of) {
    state = { name, of };
    root.hidden = name === "write";
    if (root.hidden) return;
    const edits = name === "edit";
    const title = edits ? t("composer.editing") : t("composer.reply_to", { name: authorOf(of) });
    cancel.setAttribute("aria-label", t(edits ? "composer.stop_editing" : "composer.stop_reply"));
    cancel.title = cancel.getAttribute("aria-label");
    fill(sign, icon(edits ? PENCIL : REPLY));
    fill(
      body,
      h("span", { class: "mode-title" }, title),
      h("span", { class: "mode-excerpt", dir: "auto" }, excerptOf(of)),
    );
  }

  return {
    root,
    /** "write", "reply" or "edit". */
    get name() {
      return state.name;
    },
    /** The quote of a reply, else null. */
    get quote() {
      return state.name === "reply" ? state.of : null;
    },
    /** The message that is edited, else null. */
    get edited() {
      return state.name === "edit" ? state.of : null;
    },
    write: () => set("write", null),
    reply: (quote) => set("reply", quote),
    edit: (message) => set("edit", message),
  };
}
