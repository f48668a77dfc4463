// What was done to a message since it was written: another text, none at all, reactions, a pin.

import { fill, h, icon } from "../dom.js";
import { full } from "../format.js";
import { t } from "../i18n.js";
import { PIN } from "../icons.js";
import { linkify } from "../linkify.js";
import { drawReactions } from "./reactions.js";

const TEXT = ["data", "edited_at", "deleted_at"]; // what the text of a row depends on

const shown = new WeakMap(); // by row: the copy of the message that it shows

/** Bring a row's text, reactions and pin up to date; what stayed the same is left alone. */
export function drawMessage(row, line, message, store) {
  const before = shown.get(row);
  // Also where the message is the same: people's names come later.
  if (message.reactions?.length || before?.reactions?.length) drawReactions(line, message, store);
  if (before === message) return;
  shown.set(row, message);
  const bubble = line.firstChild;
  if (!before || TEXT.some((name) => (before[name] ?? null) !== (message[name] ?? null))) {
    drawText(bubble, message);
  }
  drawPin(bubble, message);
}

function drawText(bubble, message) {
  bubble.classList.toggle("deleted", Boolean(message.deleted_at));
  if (message.deleted_at) fill(bubble, t("message.deleted"));
  else fill(bubble, textOf(message.data), message.edited_at && editedMark(message.edited_at));
}

function textOf(data) {
  return linkify(data).map(({ text, href }) =>
    // its own direction: what stands around it cannot turn it round
    href ? h("a", { href, dir: "ltr", target: "_blank", rel: "noopener noreferrer nofollow" }, text) : text,
  );
}

function editedMark(at) {
  return [" ", h("bdi", { class: "edited", title: full(at) }, t("message.edited"))];
}

function drawPin(bubble, { pinned }) {
  const mark = bubble.parentNode.querySelector(".pin");
  if (!pinned) mark?.remove();
  else if (!mark) bubble.after(pinMark());
}

function pinMark() {
  const text = t("message.pinned");
  return h("span", { class: "pin", title: text }, icon(PIN), h("span", { class: "visually-hidden" }, text));
}
