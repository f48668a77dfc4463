// Goes to a room by a part of its name.

import { fill, h } from "../dom.js";
import { badge } from "../format.js";
import { t } from "../i18n.js";
import { fold } from "../text.js";
import { avatar } from "./avatar.js";
import { openDialog } from "./dialog.js";

const LONGEST = 8;

/** The rooms whose title has `query` in it, best first: those that begin with it, then the newest. */
export function findRooms(rooms, query, titleOf) {
  const wanted = fold(query.trim());
  const found = rooms.filter((room) => fold(titleOf(room)).includes(wanted));
  const begins = (room) => fold(titleOf(room)).startsWith(wanted);
  return [...found.filter(begins), ...found.filter((room) => !begins(room))].slice(0, LONGEST);
}

/** Open it. */
export function openSwitcher({ store, actions }) {
  const list = h("ul", { class: "people", role: "listbox", id: "switcher-list", "aria-label": t("rooms.label") });
  const nothing = h("p", { class: "muted quiet", role: "status" });
  const input = h("input", {
    type: "text", // in a search field Escape would empty it before it closes the dialog
    role: "combobox",
    dir: "auto",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": t("switcher.label"),
    "aria-expanded": "true",
    "aria-controls": "switcher-list",
    placeholder: t("switcher.label"),
  });
  let found = [];
  let at = 0;

  function draw() {
    fill(list, found.map(option));
    list.hidden = found.length === 0;
    fill(nothing, found.length ? "" : t("switcher.nothing"));
    if (found.length) input.setAttribute("aria-activedescendant", `switcher-${at}`);
    else input.removeAttribute("aria-activedescendant");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  }

  function option(room, index) {
    const title = store.titleOf(room);
    const unread = store.unread(room);
    return h(
      "li",
      {
        class: "person option",
        role: "option",
        id: `switcher-${index}`,
        "aria-selected": String(index === at),
        onclick: () => go(room),
      },
      avatar(store.faceOf(room), title, { square: room.kind === "group" }),
      h("span", { class: "person-names" }, h("bdi", {}, title)),
      unread > 0 && h("span", { class: room.muted ? "badge badge-quiet" : "badge" }, badge(unread)),
    );
  }

  function go(room) {
    opened.close();
    actions.goTo(room);
  }

  input.addEventListener("input", () => {
    found = findRooms(store.roomList(), input.value, (room) => store.titleOf(room));
    at = 0;
    draw();
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && found[at]) go(found[at]);
    else if (step && found.length) {
      at = (at + step + found.length) % found.length;
      draw();
    } else return;
    event.preventDefault();
  });

  const opened = openDialog({ title: t("switcher.title"), body: [h("div", { class: "field" }, h("div", { class: "field-line" }, input)), nothing, list] });
  input.focus();
  input.dispatchEvent(new Event("input"));
}
