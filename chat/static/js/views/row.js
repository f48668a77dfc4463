// One row of the message list: a day, the unread line, or a message.

import { fill, h, icon, setAttr, setText } from "../dom.js";
import { clock, day, full } from "../format.js";
import { has, t } from "../i18n.js";
import { ALERT, CHECK, CLOCK } from "../icons.js";
import { avatar } from "./avatar.js";
import { drawMessage } from "./changed.js";

/** Make a row; `{store, retry, discard}` serve those of one's own messages that failed. */
export function createRow(row, context) {
  if (row.type === "day") return h("li", { class: "day" }, h("span", {}, day(row.at)));
  if (row.type === "unread") return h("li", { class: "unread-line" }, h("span", {}, t("unread.line")));
  const { message } = row;
  const mine = message.user_id === context.store.me.id;
  const at = new Date(message.created_at);
  return h(
    "li",
    { class: mine ? "message mine" : "message", tabindex: "-1", dataset: { seq: message.seq ?? "" } },
    h("div", { class: "gutter" }),
    h(
      "div",
      { class: "body" },
      h("p", { class: "meta" }),
      h(
        "div",
        { class: "line" },
        h("div", { class: "bubble", dir: "auto", title: full(at) }),
        mine && h("span", { class: "state" }),
      ),
      mine && h("div", { class: "trouble", hidden: true }),
    ),
  );
}

/** Bring a row up to date in place: a rebuilt one would lose focus and selection. */
export function updateRow(node, row, context) {
  if (row.type !== "message") return;
  const { message, first } = row;
  const { store } = context;
  const [gutter, body] = node.children;
  const [meta, line] = body.children;
  node.classList.toggle("first", first);
  if (message.seq) node.dataset.seq = message.seq;
  const author = first ? store.authorOf(message) : "";
  const user = store.users.get(message.user_id) ?? { id: message.user_id };
  const look = first ? `${author} ${user.avatar}` : "";
  if (node.dataset.look !== look || node.dataset.linked !== String(Boolean(message.seq))) {
    node.dataset.look = look;
    node.dataset.linked = Boolean(message.seq);
    const time = timeOf(message, context);
    if (first) {
      fill(gutter, avatar(store.gone.has(user.id) ? { id: user.id } : user, author));
      fill(meta, h("bdi", { class: "author" }, author), time);
    } else {
      fill(gutter, time);
      fill(meta);
    }
    meta.hidden = !first;
  }
  drawMessage(node, line, message, store);
  if (message.user_id === store.me.id) updateState(line.lastChild, body.lastChild, message, context);
}

/** When it was written; of a stored message that is the link to it. */
function timeOf(message, { linkTo, follow }) {
  const time = h("time", { datetime: new Date(message.created_at).toISOString() }, clock(message.created_at));
  if (!message.seq) return time;
  const href = linkTo(message);
  // Not a stop for the Tab key: there are more of them than anyone wants to tab through.
  const link = h("a", { class: "permalink", href, title: t("messages.link"), tabindex: "-1" }, time);
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    follow(href);
  });
  return link;
}

/** The state of one's own message: pending and failed come from the outbox, stored ones have a seq. */
function updateState(state, trouble, message, context) {
  const waiting = message.state === "pending" && !context.online();
  const name = message.seq ? "sent" : message.state;
  const look = waiting ? "waiting" : name;
  if (state.dataset.state === look) return;
  state.dataset.state = look;
  const symbol = { sent: CHECK, pending: CLOCK, failed: ALERT }[name];
  setAttr(state, "title", t(`state.${look}`));
  fill(state, icon(symbol), h("span", { class: "visually-hidden" }, t(`state.${look}`)));
  trouble.hidden = look === "sent" || look === "pending";
  if (trouble.hidden) return fill(trouble);
  const retry = () => context.retry(message.client_id);
  const discard = () => context.discard(message.client_id);
  return fill(
    trouble,
    h("span", {}, look === "waiting" ? t("state.waiting") : reason(message.error)),
    look === "failed" &&
      h("button", { type: "button", class: "link-button", onclick: retry }, t("retry")),
    h("button", { type: "button", class: "link-button", onclick: discard }, t("delete")),
  );
}

function reason(error) {
  const key = `send.${error?.code}`;
  return has(key) ? t(key) : t("send.failed", { reason: error?.message || error?.code || "" });
}

/** Redraw the texts of a row that depend on the day it is read. */
export function refreshDay(node, row) {
  if (row.type === "day") setText(node.firstChild, day(row.at));
}
