// How far one's own messages came: on their way, stored, read.

import { fill, h, icon, setAttr, setText } from "../dom.js";
import { has, t } from "../i18n.js";
import { ALERT, CHECK, CHECKS, CLOCK } from "../icons.js";
import { openDialog } from "./dialog.js";
import { personButton, personNames } from "./person_line.js";

const SMALL_GROUP = 50; // members; of larger groups the server tells nobody who has read
const SYMBOLS = { sent: CHECK, read: CHECKS, pending: CLOCK, waiting: CLOCK, failed: ALERT };

/** What has become of one's own message: pending and failed ones come from the outbox. */
function stateOf(message, { store, online, peerId }) {
  if (message.seq) {
    const isRead = peerId && store.readMark(message.room_id, peerId) >= message.seq;
    return isRead ? "read" : "sent";
  }
  return message.state === "pending" && !online() ? "waiting" : message.state;
}

/** Bring the sign beside one's own message up to date; stored ones show it where a turn ends. */
export function drawState(node, { message, turn, newest }, context) {
  const state = stateOf(message, context);
  const isQuiet = state === "sent" || state === "read";
  // In a group the newest one will do, until it says who has read it.
  const isLast = context.isDirect ? turn : newest && !readersOf(message, context.store).length;
  const isShown = !message.deleted_at && (!isQuiet || isLast);
  if (node.dataset.state === state && node.hidden === !isShown) return;
  node.dataset.state = state;
  node.hidden = !isShown;
  const text = t(`state.${state}`);
  setAttr(node, "title", isShown ? text : null);
  if (isShown) fill(node, icon(SYMBOLS[state]), h("span", { class: "visually-hidden" }, text));
  else fill(node);
}

/** Below a message that is not sent yet: why, and what can be done. */
export function drawTrouble(body, message, context) {
  const state = stateOf(message, context);
  const found = body.querySelector(":scope > .trouble");
  const isLate = state === "pending" && message.error; // the server told it to wait
  if (state !== "failed" && state !== "waiting" && !isLate) {
    found?.remove();
    return;
  }
  const reason = state === "waiting" ? t("state.waiting") : reasonOf(message.error);
  if (found?.dataset.reason === reason) return;
  found?.remove();
  const button = (label, act) =>
    h("button", { type: "button", class: "link-button", tabindex: "-1", onclick: () => act(message.client_id) }, t(label));
  body.append(
    h(
      "div",
      { class: "trouble", dataset: { reason, state } },
      h("span", {}, reason),
      state === "failed" && button("retry", context.retry),
      button("delete", context.discard),
    ),
  );
}

function reasonOf(error) {
  const key = `send.${error?.code}`;
  return has(key) ? t(key) : t("send.failed", { reason: error?.message || error?.code || "" });
}

/** The members of a small group who have read a message, oneself left out. */
function readersOf(message, store) {
  const members = store.members.get(message.room_id) ?? [];
  if (members.length > SMALL_GROUP) return [];
  return members
    .filter(({ user }) => user.id !== store.me.id && store.readMark(message.room_id, user.id) >= message.seq)
    .map(({ user }) => store.users.get(user.id) ?? user);
}

/** Below one's newest message in a group: how many have read it. A click shows who. */
export function drawReaders(body, { message, newest }, { store, peerId, showPerson }) {
  const found = body.querySelector(":scope > .readers");
  const readers = newest && !peerId && !message.deleted_at ? readersOf(message, store) : [];
  if (!readers.length) {
    found?.remove();
    return;
  }
  const open = () => openReaders(readersOf(message, store), showPerson);
  const button = found ?? h("button", { type: "button", class: "readers", tabindex: "-1", onclick: open });
  setText(button, t("read.by", { count: readers.length }));
  if (!found) body.append(button);
}

function openReaders(readers, showPerson) {
  const show = (user) => (event) => showPerson(user, event.currentTarget);
  const people = readers.map((user) => h("li", {}, personButton(user, show(user), { names: personNames(user, null) })));
  openDialog({ title: t("read.title"), body: h("ul", { class: "people", role: "list" }, people) });
}
