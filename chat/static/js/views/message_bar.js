// The bar over a message under the mouse, or with the focus: one bar, which moves from row to row. It
// is one stop of the Tab key, and arrows go through its buttons.

import { h, icon, setAttr } from "../dom.js";
import { QUICK } from "../emoji.js";
import { t } from "../i18n.js";
import { MORE, REPLY, SMILE } from "../icons.js";
import { hasModifier, isComposing } from "../keys.js";
import { reactsWith } from "../versions.js";

const SHOWN = 3; // of the quick emoji

/**
 * Make the bar; `react`, `pick`, `reply` and `more` are what its buttons call. Returns `{root,
 * show(row, message, rights), hide}`.
 */
export function createMessageBar({ store, react, pick, reply, more }) {
  let shown = null; // {row, message}
  let stop = null; // the button that Tab comes to
  const button = (symbol, key, action) =>
    h(
      "button",
      { type: "button", class: "bar-button", "aria-label": t(key), title: t(key), onclick: action },
      icon(symbol),
    );
  const quick = QUICK.slice(0, SHOWN).map((emoji) =>
    h(
      "button",
      {
        type: "button",
        class: "bar-button bar-emoji",
        "aria-label": t("act.react_with", { emoji }),
        "aria-pressed": "false",
        onclick: () => react(shown.message, emoji),
      },
      emoji,
    ),
  );
  const picks = button(SMILE, "act.react", (event) => pick(shown.message, event.currentTarget));
  const replies = button(REPLY, "act.reply", () => reply(shown.message));
  const mores = button(MORE, "act.more", (event) => more(shown.message, event.currentTarget));
  mores.setAttribute("aria-haspopup", "menu");
  const buttons = [...quick, picks, replies, mores];
  const root = h("div", { class: "message-bar", role: "toolbar", "aria-label": t("act.label") }, buttons);
  const inUse = () => buttons.filter((one) => !one.hidden);

  /** In the way of the Tab key only where the row has the focus, not where the mouse happens to be. */
  function drawStop() {
    if (!stop || stop.hidden) [stop] = inUse();
    const hasFocus = shown.row.contains(document.activeElement);
    for (const one of buttons) setAttr(one, "tabindex", hasFocus && one === stop ? null : "-1");
  }

  root.addEventListener("focusin", ({ target }) => {
    stop = target;
    drawStop();
  });
  root.addEventListener("keydown", (event) => {
    if (isComposing(event) || hasModifier(event) || event.shiftKey) return;
    const all = inUse();
    const at = all.indexOf(event.target);
    const further = root.matches(":dir(rtl)") ? -1 : 1;
    const to = { ArrowRight: at + further, ArrowLeft: at - further, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all.at(to % all.length).focus();
  });

  return {
    root,
    /** The row that it is on, or null. */
    get row() {
      return shown?.row ?? null;
    },
    /** Show the bar on a row, or bring it up to date there. */
    show(row, message, rights) {
      if (row !== shown?.row) stop = null;
      shown = { row, message };
      for (const one of [...quick, picks]) one.hidden = !rights.react;
      replies.hidden = !rights.reply;
      quick.forEach((one, index) => setAttr(one, "aria-pressed", String(reactsWith(message, QUICK[index], store.me.id))));
      const host = row.closest(".bubbles") ? row.querySelector(".body") : row; // a bubble has space beside it
      if (root.parentNode !== host) host.append(root);
      drawStop();
    },
    hide() {
      shown = null;
      root.remove();
    },
  };
}
