// An open room: its head, its messages, who is typing, and the composer.

import { fill, h, icon, setText } from "../dom.js";
import { roomNumber } from "../format.js";
import { BACK, MORE, PEOPLE } from "../icons.js";
import { t } from "../i18n.js";
import { pathOf } from "../router.js";
import { keepDraft, readDraft } from "../storage.js";
import { nameOf } from "../store.js";
import { avatar } from "./avatar.js";
import { changeBlock } from "./block.js";
import { createComposer } from "./composer.js";
import { numberLine } from "./members.js";
import { createMessages } from "./messages.js";

/** Make the view of a room. Returns `{root, roomId, redraw, start(seq), goTo(seq), stop}`. */
export function createRoom({ room: given, app, openSheet }) {
  const { store, actions, outbox, router } = app;
  const roomId = given.id;
  const room = () => store.rooms.get(roomId);
  const title = () => store.titleOf(room());

  const sheetName = t(given.kind === "group" ? "members.title" : "person.title");
  const heading = h("h2", { tabindex: "-1" }, h("bdi"));
  const face = h("span", { class: "head-avatar" });
  const subtitle = h("p", { class: "subtitle" });
  const head = h(
    "header",
    { class: "room-head" },
    h(
      "button",
      { type: "button", class: "icon-button back", "aria-label": t("back"), onclick: () => router.goHome() },
      icon(BACK),
    ),
    face,
    h("div", { class: "titles" }, heading, subtitle),
    h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": sheetName,
        title: sheetName,
        onclick: () => openSheet(room()),
      },
      icon(given.kind === "group" ? PEOPLE : MORE),
    ),
  );
  const typing = h("p", { class: "typing" });
  const messages = createMessages({
    roomId,
    store,
    title: title(),
    history: actions,
    pending: () => outbox.list(roomId),
    welcome: () => room().kind === "group" && numberLine(room(), app.toast),
    seen: (seq) => actions.markRead(roomId, seq),
    missing: () => app.toast(t("messages.missing")),
    context: {
      store,
      online: () => app.connection.online,
      linkTo: (message) => pathOf(room(), message.seq),
      follow: (path) => router.go(path),
      retry: (clientId) => outbox.retry(clientId),
      discard: (clientId) => outbox.remove(clientId),
    },
  });
  const composer = createComposer({
    label: t("composer.label", { name: title() }),
    draft: readDraft(store.me.id, roomId),
    keepDraft: (text) => keepDraft(store.me.id, roomId, text),
    send(text) {
      const kept = actions.send(room(), text);
      messages.sent();
      return kept;
    },
    typing: () => actions.typing(room()),
  });
  const closed = h("div", { class: "composer-closed", hidden: true });
  const root = h("div", { class: "room-view" }, head, messages.root, typing, composer.root, closed);
  let typingTimer = null;

  function drawHead() {
    const now = room();
    const name = title();
    setText(heading.firstChild, name);
    const look = `${name} ${store.faceOf(now).avatar}`;
    if (face.dataset.look !== look) {
      face.dataset.look = look;
      fill(face, avatar(store.faceOf(now), name, { square: now.kind === "group" }));
    }
    setText(subtitle, now.kind === "group" ? groupLine(now) : directLine(now));
    subtitle.classList.toggle("is-online", now.kind === "direct" && isOnline(now));
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
      drawHead(); // shows the composer again
      composer.focus();
    };
    return h("button", { type: "button", class: "button", onclick: unblock }, t("block.undo"));
  }

  function groupLine(now) {
    const members = store.members.get(roomId);
    return [
      now.access === "number" && t("group.number", { number: roomNumber(now.number) }),
      members && t("members.count", { count: members.length }),
    ]
      .filter(Boolean)
      .join(" · ");
  }

  function isOnline(now) {
    return !now.blocked && Boolean(store.users.get(now.peer?.id)?.online);
  }

  function directLine(now) {
    if (!now.peer) return "";
    if (now.blocked) return `@${now.peer.username} · ${t("block.on")}`;
    return `@${now.peer.username} · ${isOnline(now) ? t("online") : t("offline")}`;
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
      drawHead();
      drawTyping();
      messages.redraw();
    },
    goTo: messages.goTo,
    /** Show the room, at the message `seq` if one is named. */
    start(seq) {
      drawHead();
      messages.start(seq);
      const typesHere = matchMedia("(pointer: fine) and (min-width: 720px)").matches;
      if (typesHere && !closedBy(room())) composer.focus();
      else heading.focus();
      if (room().kind === "group") actions.loadMembers(roomId).catch(() => {}); // usernames will do
    },
    stop() {
      clearTimeout(typingTimer);
      messages.stop();
      composer.stop();
    },
  };
}
