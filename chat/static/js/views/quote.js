// The message that another one replies to, in short, above it.

import { h, setText } from "../dom.js";
import { t } from "../i18n.js";
import { hueOf } from "./avatar.js";
import { excerptOf } from "./excerpt.js";

const shown = new WeakMap(); // by button: the quote and the name that it shows

/** Bring the quote at the top of a message's box up to date; a click goes to the original. */
export function drawQuote(box, message, { store, goTo }) {
  const quoted = message.deleted_at ? null : message.reply_to;
  const found = box.querySelector(":scope > .quote");
  if (!quoted) {
    found?.remove();
    return;
  }
  const button = found ?? createQuote(goTo);
  if (!found) box.prepend(button);
  const author = store.authorOf(quoted);
  const known = shown.get(button);
  if (known?.quoted === quoted && known.author === author) return;
  shown.set(button, { quoted, author });
  const [name, text] = button.children;
  button.className = `quote ${hueOf(quoted.user_id)}`;
  setText(name.firstChild, author);
  text.classList.toggle("deleted", Boolean(quoted.deleted));
  setText(text, excerptOf(quoted));
  button.setAttribute("aria-label", t("quote.label", { name: author, text: text.textContent }));
}

function createQuote(goTo) {
  const go = (event) => goTo(shown.get(event.currentTarget).quoted.seq);
  return h(
    "button",
    { type: "button", class: "quote", tabindex: "-1", onclick: go },
    h("span", { class: "quote-author" }, h("bdi")),
    h("span", { class: "quote-text", dir: "auto" }),
  );
}
