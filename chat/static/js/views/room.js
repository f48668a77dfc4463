// An open room: its head, its messages, who is typing, and the composer.

import { fill, h, setText } from "../dom.js";
import { t } from "../i18n.js";
import { pathOf } from "../router.js";
import { keepDraft, readDraft } from "../storage.js";
import { nameOf } from "../store.js";
import { changeBlock } from "./block.js";
import { createComposer } from "./composer.js";
import { numberLine } from "./members.js";
import { createMessages } from "./messages.js";
import { createRoomHead } from "./room_head.js";

/** Make the view of a room. Returns `{root, roomId, redraw, start(seq), goTo(seq), stop}`. */
export function createRoom({ room: given, app, openSheet }) {
  const { store, actions, outbox, router } = app;
  const roomId = given.id;
  const room = () => store.rooms.get(roomId);
  const title = () => store.titleOf(room());

  const head = createRoomHead({ room: given, app, openSheet });
  const typing = h("p", { class: "typing" });
  const messages = createMessages({
    roomId,
    store,
    title: title(),
    history: actions,
    pending: () => outbox.list(roomId),
    welcome,
    seen: (seq) => actions.markRead(roomId, seq),
    missing: () => app.toast(t("messages.missing")),
    context: {
      store,
      online: () => app.connection.online,
      linkTo: (message) => pathOf(room(), message.seq),
      follow: (path) => router.go(path),
      retry: (clientId) => outbox.retry(clientId),
      discard: (clientId) => outbox.remove(clientId),
      showPerson: app.showPerson,
      goTo: (seq) => messages.goTo(seq),
    },
  });
  const composer = createComposer({
    label: t("composer.label", { name: title() }),
    draft: readDraft(store.me.id, roomId),
    keepDraft: (text) => keepDraft(store.me.id, store.idOf(roomId), text),
    send(text) {
      const kept = actions.send(room(), text);
      messages.sent();
      return kept;
    },
    typing: () => actions.typing(room()),
  });
  const closed = h("div", { class: "composer-closed", hidden: true });
  const root = h("div", { class: "room-view" }, head.root, messages.root, typing, composer.root, closed);
  let typingTimer = null;

  /** What an empty room shows besides that it is empty. */
  function welcome() {
    if (room().provisional) return h("p", {}, t("introduction.unseen", { name: title() }));
    return room().kind === "group" && numberLine(room(), app.toast);
  }

  function drawComposer() {
    const now = room();
    const reason = closedBy(now);
    closed.hidden = !reason;
    composer.root.hidden = Boolean(reason);
    if (closed.dataset.reason === reason) return;
    closed.dataset.reason = reason;
    const text = reason ? h("p", {}, t(`composer.${reason}`)) : null;
    fill(closed, text, reason === "blocked" && unblockButton());
  }

  /** Why nothing can be written here, as the end of the key of a text; "" where one may. */
  function closedBy(now) {
    if (now.kind === "direct" && now.peer === null) return "closed";
    if (now.blocked) return "blocked";
    if (now.kind === "direct") return "";
    if (now.posting !== "admins" || now.owner_id === store.me.id) return "";
    const mine = store.members.get(roomId)?.find(({ user }) => user.id === store.me.id);
    return mine?.role === "admin" ? "" : "admins";
  }

  function unblockButton() {
    const unblock = async () => {
      if (!(await changeBlock(app, { id: room().peer.id, name: title(), blocked: true }))) return;
      drawComposer(); // shows it again
      composer.focus();
    };
    return h("button", { type: "button", class: "button", onclick: unblock }, t("block.undo"));
  }

  function drawTyping() {
    clearTimeout(typingTimer);
    const names = store.typists(roomId).map((id) => nameOf(store.users.get(id)));
    const known = names.filter(Boolean);
    setText(
      typing,
      known.length === 1 ? t("typing.one", { name: known[0] }) : names.length ? t("typing.many") : "",
    );
    if (names.length) typingTimer = setTimeout(drawTyping, 1000);
  }

  return {
    root,
    roomId,
    redraw() {
      if (!room()) return;
      head.redraw();
      drawComposer();
      drawTyping();
      messages.redraw();
    },
    goTo: messages.goTo,
    /** Show the room, at the message `seq` if one is named. */
    start(seq) {
      head.redraw();
      drawComposer();
      messages.start(seq);
      const typesHere = matchMedia("(pointer: fine) and (min-width: 720px)").matches;
      if (typesHere && !closedBy(room())) composer.focus();
      else head.focus();
      if (room().kind === "group") actions.loadMembers(roomId).catch(() => {}); // usernames will do
    },
    stop() {
      clearTimeout(typingTimer);
      messages.stop();
      composer.stop();
    },
  };
}
