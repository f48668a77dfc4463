// One row of the message list: a day, the unread line, or a message. In a room of two messages are
// bubbles, one's own on the other side; in a group they are a list with names and pictures.

import { namesUser } from "../attention.js";
import { fill, h } from "../dom.js";
import { clock, full } from "../format.js";
import { t } from "../i18n.js";
import { opensElsewhere } from "../keys.js";
import { avatar, hueOf } from "./avatar.js";
import { drawMessage } from "./changed.js";
import { createDay, refreshDay } from "./day.js";
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
 * showPerson, goTo, files}`, the last of these for drawFiles().
 */
export function createRow(row, context) {
  if (row.type === "day") return createDay(row.at);
  if (row.type === "unread") return h("li", { class: "unread-line" }, h("span", {}, t("unread.line")));
  const { message } = row;
  const mine = message.user_id === context.store.me.id;
  const bubble = h("div", { class: "bubble" });
  const time = context.isDirect ? h("span", { class: "sent-at" }) : null;
  const state = mine ? h("span", { class: "state" }) : null;
  const meta = h("span", { class: "meta" }, time, state);
  const box = h("div", { class: "box", dir: "auto" }, bubble, meta);
  const gutter = context.isDirect ? null : h("div", { class: "gutter" });
  const body = h("div", { class: "body" }, box);
  const node = h("li", { class: mine ? "message mine" : "message", tabindex: "-1" }, gutter, body);
  parts.set(node, { bubble, meta, time, state, box, gutter, body, look: null, drawn: null });
  return node;
}

/** Bring a row up to date in place: a rebuilt one would lose focus and selection. True: its text is new. */
export function updateRow(node, row, context) {
  if (row.type === "day") refreshDay(node, row.at);
  if (row.type !== "message") return false;
  const own = parts.get(node);
  const isNew = isOther(own, row, context.store) && drawRow(node, own, row, context);
  if (own.state) {
    drawState(own.state, row, context);
    drawTrouble(own.body, row.message, context);
    drawReaders(own.body, row, context);
  }
  return isNew;
}

/** Whether a row has changed since it was drawn, or what is known of people has. */
function isOther(own, { message, first, turn }, { peopleRev }) {
  const isSame = own.message === message && own.first === first && own.turn === turn;
  if (isSame && own.peopleRev === peopleRev) return false;
  Object.assign(own, { message, first, turn, peopleRev });
  return true;
}

function drawRow(node, own, row, context) {
  const { message, first } = row;
  node.classList.toggle("first", first);
  node.classList.toggle("turn", row.turn);
  node.classList.toggle("mentioned", namesUser(message, context.store.me.id));
  if (node.dataset.seq !== String(message.seq ?? "")) node.dataset.seq = message.seq ?? "";
  drawAuthor(own, row, context);
  drawQuote(own.box, message, context);
  return drawMessage(own, message, context);
}

/** Draw the author and the time: in groups beside the first message of a run. */
function drawAuthor(own, { message, first }, context) {
  const { store } = context;
  const author = store.authorOf(message);
  const user = store.users.get(message.user_id) ?? { id: message.user_id };
  const look = [first && author, first && user.avatar, message.seq, first, Boolean(user.username)].join("\n");
  if (own.look === look) return;
  own.look = look;
  const time = timeOf(message, context);
  if (context.isDirect) {
    fill(own.time, time);
    return;
  }
  const [face, byline] = first ? introduction(user, author, time, context) : [time, null];
  fill(own.gutter, face);
  own.byline?.remove();
  own.byline = byline;
  if (byline) own.body.prepend(byline);
}

/** The picture and the line above the first message of a run: buttons, where there is somebody to show. */
function introduction(user, author, time, { store, showPerson }) {
  const isGone = store.gone.has(user.id);
  const picture = avatar(isGone ? { id: user.id } : user, author);
  const colour = hueOf(user.id);
  if (isGone || !user.username) {
    return [picture, h("p", { class: "byline" }, h("bdi", { class: `author ${colour}` }, author), time)];
  }
  const show = (event) => showPerson(store.users.get(user.id) ?? user, event.currentTarget);
  const button = (name, label, child) =>
    h("button", { type: "button", class: name, "aria-label": label, tabindex: "-1", onclick: show }, child);
  return [
    button("face", t("person.about", { name: author }), picture),
    h("p", { class: "byline" }, button(`author ${colour}`, null, h("bdi", {}, author)), time),
  ];
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
    if (opensElsewhere(event)) return;
    event.preventDefault();
    follow(href);
  });
  return link;
}
