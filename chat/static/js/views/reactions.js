// The reactions below a message: each emoji with its count.

import { h, keyed, setAttr, setText } from "../dom.js";
import { t } from "../i18n.js";
import { isOwnReaction } from "../versions.js";

/** Bring the reactions below a message's line up to date. */
export function drawReactions(line, message, userId) {
  const { reactions = [] } = message;
  const found = line.parentNode.querySelector(".reactions");
  if (!reactions.length) {
    found?.remove();
    return;
  }
  const list = found ?? h("ul", { class: "reactions", role: "list", "aria-label": t("reactions.label") });
  if (!found) line.after(list);
  keyed(
    list,
    reactions,
    ({ emoji }) => emoji,
    createReaction,
    (item, reaction) => updateReaction(item, reaction, isOwnReaction(message, reaction, userId)),
  );
}

function createReaction({ emoji }) {
  return h(
    "li",
    { class: "reaction" },
    h("span", { class: "reaction-emoji", "aria-hidden": "true" }, emoji),
    h("span", { class: "reaction-count", "aria-hidden": "true" }),
    h("span", { class: "visually-hidden" }),
  );
}

function updateReaction(item, { emoji, count }, own) {
  const [, figure, words] = item.children;
  const text = t(own ? "reactions.own" : "reactions.count", { count, emoji });
  item.classList.toggle("own", own);
  setText(figure, String(count));
  setText(words, text);
  setAttr(item, "title", text);
}
