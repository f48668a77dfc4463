// One row of the message list: a day, the unread line, or a message. In a room of two messages are
// bubbles, one's own on the other side; in a group they are a list with names and pictures.

import { fill, h } from "../dom.js";
import { clock, full } from "../format.js";
import { t } from "../i18n.js";
import { avatar, hueOf } from "./avatar.js";
import { drawMessage } from "./changed.js";
import { createDay, refreshDay } from "./day.js";
import { mentions } from "./mention.js";
import { drawQuote } from "./quote.js";
import { drawReaders, drawState, drawTrouble } from "./receipts.js";

const parts = new WeakMap(); // by row: its parts, and the message that it shows

/** The message that a row shows. */
export function messageOf(node) {
  return parts.get(node)?.message ?? null;
}

/** The parts of a row of a message: `{box, bubble, …}`. */
export function partsOf(node) {
  return parts.get(node);
}

/**
 * Make a row. The context is `{store, isDirect, peerId, online, linkTo, follow, retry, discard,
 * showPerson, goTo}`.
 */
export function createRow(row, context) {
  if (row.type === "day") return createDay(row.at);
  if (row.type === "unread") return h("li", { class: "unread-line" }, h("span", {}, t("unread.line")));
  const { message } = row;
  const mine = message.user_id === context.store.me.id;
  const bubble = h("div", { class: "bubble" });
  const marks = h("span", { class: "marks" });
  const time = h("span", { class: "sent-at" });
  const state = mine ? h("span", { class: "state" }) : null;
  const box = h("div", { class: "box", dir: "auto" }, bubble, h("span", { class: "meta" }, marks, context.isDirect && time, state));
  const gutter = context.isDirect ? null : h("div", { class: "gutter" });
  const byline = context.isDirect ? null : h("p", { class: "byline", hidden: true });
  const body = h("div", { class: "body" }, byline, box);
  const node = h("li", { class: mine ? "message mine" : "message", tabindex: "-1" }, gutter, body);
  parts.set(node, { bubble, marks, time, state, box, gutter, byline, body, look: null });
  return node;
}

/** Bring a row up to date in place: a rebuilt one would lose focus and selection. True: its text is new. */
export function updateRow(node, row, context) {
  if (row.type === "day") refreshDay(node, row.at);
  if (row.type !== "message") return false;
  const { message, first } = row;
  const own = parts.get(node);
  own.message = message;
  node.classList.toggle("first", first);
  node.classList.toggle("turn", row.turn);
  node.classList.toggle("mentioned", mentions(message, context.store.me.id));
  if (node.dataset.seq !== String(message.seq ?? "")) node.dataset.seq = message.seq ?? "";
  drawAuthor(own, row, context);
  drawQuote(own.box, message, context);
  const isNew = drawMessage(node, own, message, context);
  if (own.state) {
    drawState(own.state, row, context);
    drawTrouble(own.body, message, context);
    drawReaders(own.body, row, context);
  }
  return isNew;
}

/** Who wrote it and when: in groups beside the first message of a run. */
function drawAuthor(own, { message, first }, context) {
  const { store } = context;
  const author = store.authorOf(message);
  const user = store.users.get(message.user_id) ?? { id: message.user_id };
  const look = [first && author, first && user.avatar, message.seq, first].join("\n");
  if (own.look === look) return;
  own.look = look;
  const time = timeOf(message, context);
  if (context.isDirect) {
    fill(own.time, time);
    return;
  }
  own.byline.hidden = !first;
  if (!first) {
    fill(own.byline);
    fill(own.gutter, time);
    return;
  }
  const isGone = store.gone.has(user.id);
  const picture = avatar(isGone ? { id: user.id } : user, author);
  if (isGone || !user.username) {
    fill(own.gutter, picture);
    fill(own.byline, h("bdi", { class: `author ${hueOf(user.id)}` }, author), time);
    return;
  }
  const show = (event) => context.showPerson(store.users.get(user.id) ?? user, event.currentTarget);
  const button = (name, ...children) =>
    h("button", { type: "button", class: name, tabindex: "-1", onclick: show }, children);
  const face = button("face", picture);
  face.setAttribute("aria-label", t("person.about", { name: author }));
  fill(own.gutter, face);
  fill(own.byline, button(`author ${hueOf(user.id)}`, h("bdi", {}, author)), time);
}

/** When it was written; of a stored message that is the link to it. */
function timeOf(message, { linkTo, follow }) {
  const at = message.created_at;
  const time = h("time", { datetime: new Date(at).toISOString(), title: full(at) }, clock(at));
  if (!message.seq) return time;
  const href = linkTo(message);
  // Not a stop for the Tab key: there are more of them than anyone wants to tab through.
  const link = h("a", { class: "permalink", href, tabindex: "-1" }, time);
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    follow(href);
  });
  return link;
}
