// The head of an open room: whose it is, and the way to more about it.

import { fill, h, icon, setText } from "../dom.js";
import { roomNumber } from "../format.js";
import { BACK, MORE, PEOPLE } from "../icons.js";
import { t } from "../i18n.js";
import { avatar } from "./avatar.js";

/** Make the head of a room; `openSheet(room)` shows more of it. Returns `{root, redraw, focus}`. */
export function createRoomHead({ room: given, app, openSheet }) {
  const { store, router } = app;
  const room = () => store.rooms.get(given.id);
  const sheetName = t(given.kind === "group" ? "members.title" : "person.title");
  const heading = h("h2", { tabindex: "-1" }, h("bdi"));
  const face = h("span", { class: "head-avatar" });
  const subtitle = h("p", { class: "subtitle" });
  const root = h(
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

  function groupLine(now) {
    const members = store.members.get(now.id);
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

  return {
    root,
    focus: () => heading.focus(),
    redraw() {
      const now = room();
      const name = store.titleOf(now);
      setText(heading.firstChild, name);
      const look = `${name} ${store.faceOf(now).avatar}`;
      if (face.dataset.look !== look) {
        face.dataset.look = look;
        fill(face, avatar(store.faceOf(now), name, { square: now.kind === "group" }));
      }
      setText(subtitle, now.kind === "group" ? groupLine(now) : directLine(now));
      subtitle.classList.toggle("is-online", now.kind === "direct" && isOnline(now));
    },
  };
}
