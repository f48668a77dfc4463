// The reactions below a message: each emoji with its count. A click adds one's own or takes it back.

import { h, keyed, setAttr, setText } from "../dom.js";
import { listed } from "../format.js";
import { t } from "../i18n.js";
import { nameOf } from "../store.js";
import { isOwnReaction } from "../versions.js";

const NAMED = 6; // people; the others are counted

/** Bring the reactions below a message's line up to date. */
export function drawReactions(line, message, store) {
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
    (item, one) => updateReaction(item.firstChild, one, message, store),
  );
}

function createReaction({ emoji }) {
  const button = h(
    "button",
    { type: "button", class: "reaction", tabindex: "-1", dataset: { emoji } },
    h("span", { class: "reaction-emoji", "aria-hidden": "true" }, emoji),
    h("span", { class: "reaction-count", "aria-hidden": "true" }),
    h("span", { class: "visually-hidden" }),
  );
  return h("li", {}, button);
}

function updateReaction(button, reaction, message, store) {
  const own = isOwnReaction(message, reaction, store.me.id);
  const text = t("reactions.by", { emoji: reaction.emoji, names: namesOf(reaction, own, store) });
  button.classList.toggle("own", own);
  const [, figure, words] = button.children;
  setText(figure, String(reaction.count));
  setText(words, text);
  setAttr(button, "aria-pressed", String(own));
  setAttr(button, "title", text);
}

/** Who reacted, oneself first; those whose names are not known are counted. */
function namesOf({ count, user_ids: ids }, own, store) {
  const others = ids.filter((id) => id !== store.me.id).map((id) => nameOf(store.users.get(id)));
  const names = [...(own ? [t("you")] : []), ...others.filter(Boolean)].slice(0, NAMED);
  const more = count - names.length;
  if (!names.length) return t("reactions.people", { count });
  return listed(more > 0 ? [...names, t("reactions.more", { count: more })] : names);
}
