// What belongs to a message's text and changes with it: its files, format, marks, reactions.

import { fill, h, icon, setAttr } from "../dom.js";
import { clock, full } from "../format.js";
import { t } from "../i18n.js";
import { PIN } from "../icons.js";
import { drawFormatted } from "./formatted.js";
import { drawFiles } from "./message_files.js";
import { mentionedNames } from "./mention.js";
import { drawReactions } from "./reactions.js";

/**
 * Bring a row's text, marks and reactions up to date; true if its text is another one. Of the `parts` of
 * the row, `drawn` is the copy of the message that it shows, and the names in it.
 */
export function drawMessage(parts, message, context) {
  const { box, bubble, meta, drawn: before } = parts;
  const names = mentionedNames(message, context.store);
  parts.drawn = { message, names };
  drawFiles(box, bubble, message, context);
  drawReactions(box, message, context.store);
  drawMarks(meta, message);
  if (before?.names === names && sameText(before.message, message)) return false;
  drawText(bubble, message, context);
  return true;
}

function sameText(a, b) {
  return a.data === b.data && (a.deleted_at ?? null) === (b.deleted_at ?? null) && sameMentions(a, b);
}

function sameMentions(a, b) {
  return a.mentions_all === b.mentions_all && String(a.mentions ?? "") === String(b.mentions ?? "");
}

function drawText(bubble, message, context) {
  bubble.classList.toggle("deleted", Boolean(message.deleted_at));
  if (message.deleted_at) fill(bubble, t("message.deleted"));
  else drawFormatted(bubble, message, context);
}

function drawMarks(meta, { pinned, edited_at: editedAt, deleted_at: deletedAt }) {
  const pin = meta.querySelector(".pin");
  if (!pinned) pin?.remove();
  else if (!pin) meta.prepend(pinMark());
  const edited = meta.querySelector(".edited");
  const at = deletedAt ? null : editedAt;
  if (edited?.dataset.at === String(at)) return;
  edited?.remove();
  if (at) meta.insertBefore(editedMark(at), meta.querySelector(".sent-at, .state"));
}

function pinMark() {
  const text = t("message.pinned");
  return h("span", { class: "pin", title: text }, icon(PIN), h("span", { class: "visually-hidden" }, text));
}

/** Says when on hover, and on a click for those who cannot hover. */
function editedMark(at) {
  const title = t("message.edited_at", { when: full(at) });
  const mark = h(
    "button",
    { type: "button", class: "edited", title, tabindex: "-1", dataset: { at } },
    t("message.edited"),
  );
  mark.addEventListener("click", () => {
    const isOpen = mark.getAttribute("aria-pressed") === "true";
    setAttr(mark, "aria-pressed", String(!isOpen));
    fill(mark, isOpen ? t("message.edited") : t("message.edited_at", { when: clock(at) }));
  });
  return mark;
}
