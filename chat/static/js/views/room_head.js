// The head of an open room: whose it is, and the way to more about it.

import { fillAnew, h, icon, setAttr, setText } from "../dom.js";
import { memberCount } from "../format.js";
import { BACK, BELL_OFF, MORE, PEOPLE, SEARCH } from "../icons.js";
import { t } from "../i18n.js";
import { ON_MAC } from "../keys.js";
import { oneLine } from "../text.js";
import { avatar } from "./avatar.js";

/**
 * Make the head of a room; `openSheet(room)` shows more of it, or closes what it shows. Returns
 * `{root, redraw, focus}`.
 */
export function createRoomHead({ room: given, app, openSheet }) {
  const { store } = app;
  const room = () => store.rooms.get(given.id);
  const isGroup = given.kind === "group";
  const sheetName = t(isGroup ? "members.title" : "person.title");
  const title = h("button", { type: "button", class: "title-button", onclick: openTitle }, h("bdi"));
  const heading = h("h2", { tabindex: "-1" }, title);
  const muted = h(
    "span",
    { class: "title-sign", hidden: true },
    icon(BELL_OFF),
    h("span", { class: "visually-hidden" }, t("mute.on")),
  );
  const face = h("span", { class: "head-avatar" });
  const subtitle = h("p", { class: "subtitle" });
  const more = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": sheetName,
      title: sheetName,
      onclick: () => openSheet(room()),
    },
    icon(isGroup ? PEOPLE : MORE),
  );
  const find = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": t("search.in_room"),
      title: t("search.in_room"),
      "aria-keyshortcuts": ON_MAC ? "Meta+F" : "Control+F",
      onclick: () => app.search.toggle(room()),
    },
    icon(SEARCH),
  );
  const root = h(
    "header",
    { class: "room-head" },
    h(
      "button",
      { type: "button", class: "icon-button back", "aria-label": t("back"), onclick: () => app.back() },
      icon(BACK),
    ),
    h(
      "div",
      { class: "head-title" },
      face,
      h("div", { class: "titles" }, h("div", { class: "title-line" }, heading, muted), subtitle),
    ),
    h("div", { class: "head-actions" }, find, more),
  );

  /** The name of a person leads to their card, that of a group to its sheet. */
  function openTitle() {
    const { peer } = room();
    if (peer) app.showPerson(store.users.get(peer.id) ?? peer, title);
    else openSheet(room());
  }

  /** "12 members, 3 online", once that is known, and what the group is about. */
  function groupLine(now) {
    const members = store.members.get(now.id);
    const parts = [members && memberCount(store, members), oneLine(now.info)];
    return parts.filter(Boolean).join(" · ");
  }

  function directLine(now) {
    if (!now.peer) return "";
    const name = `@${now.peer.username}`;
    if (now.blocked) return `${name} · ${t("block.on")}`;
    if (now.provisional) return name; // whether strangers are online is not told
    return `${name} · ${t(store.isPeerOnline(now) ? "online" : "offline")}`;
  }

  return {
    root,
    focus: () => heading.focus(),
    redraw() {
      const now = room();
      const name = store.titleOf(now);
      setText(title.firstChild, name);
      setAttr(title, "title", name);
      const shown = store.faceOf(now);
      fillAnew(face, `${name} ${shown.avatar}`, () => avatar(shown, name, { square: isGroup }));
      muted.hidden = !now.muted;
      setText(subtitle, isGroup ? groupLine(now) : directLine(now));
      setAttr(subtitle, "title", isGroup ? now.info : null);
      subtitle.classList.toggle("is-online", store.isPeerOnline(now));
      more.hidden = Boolean(now.provisional); // it has nothing to be set yet
      find.hidden = more.hidden;
      for (const [button, name] of [[find, "search"], [more, "room"]]) {
        const isBeside = app.sheets.beside(name);
        setAttr(button, "aria-expanded", isBeside === null ? null : String(isBeside));
      }
    },
  };
}
