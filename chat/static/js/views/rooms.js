// The sidebar: the way to everything else, the conversation list, and oneself.

import { fillAnew, h, icon } from "../dom.js";
import { COMPOSE, MORE, SEARCH } from "../icons.js";
import { t } from "../i18n.js";
import { ON_MAC } from "../keys.js";
import { readDraft } from "../storage.js";
import { siteName } from "../site.js";
import { nameOf } from "../store.js";
import { avatar } from "./avatar.js";
import { createRoomList } from "./room_list.js";
import { openRoomMenu } from "./room_menu.js";
import { siteMark } from "./site.js";

/**
 * Make it, with the view of `requests` above the list; `newChat(tab)` and `palette()` open their
 * dialogs, `profile()` goes to the account. Returns `{root, focus, redraw}`.
 */
export function createRooms(app, { requests, newChat, palette, profile }) {
  const { store, router, outbox } = app;
  const scroller = h("div", { class: "sidebar-list" });
  const list = createRoomList({
    store,
    scroller,
    sources: {
      records: (roomId) => outbox.list(roomId),
      draft: (roomId) => readDraft(store.me.id, roomId),
    },
    go: (path) => router.go(path),
    openMenu: (roomId, opener, at) => openRoomMenu(app, roomId, opener, at),
  });
  const empty = emptyState(newChat);
  scroller.append(requests.root, list.root, empty);
  const me = h("button", { type: "button", class: "me", onclick: profile });
  const root = h(
    "nav",
    { class: "sidebar", "aria-label": t("rooms.label") },
    h(
      "header",
      { class: "sidebar-head" },
      h("div", { class: "site" }, siteMark("site-logo"), h("bdi", { class: "site-name" }, siteName())),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": t("new.title"),
          title: t("new.title"),
          onclick: () => newChat("direct"),
        },
        icon(COMPOSE),
      ),
      searchButton(palette),
    ),
    scroller,
    h("footer", { class: "sidebar-foot" }, me),
  );

  function drawMe() {
    const name = nameOf(store.me);
    fillAnew(me, `${name} ${store.me.avatar}`, () => [
      avatar(store.me, name),
      h(
        "span",
        { class: "me-names" },
        h("bdi", { class: "me-name" }, name),
        h("span", { class: "muted" }, `@${store.me.username}`),
      ),
      h("span", { class: "visually-hidden" }, t("profile.title")),
      icon(MORE),
    ]);
  }

  return {
    root,
    /** Focus a room by its id; the list where it is not in it. */
    focus(roomId) {
      if (list.isEmpty) empty.querySelector("button").focus();
      else list.focus(roomId);
    },
    redraw(open) {
      requests.redraw();
      list.redraw(open?.id ?? null);
      empty.hidden = !list.isEmpty;
      drawMe();
    },
  };
}

/** It looks like the field that it opens. */
function searchButton(palette) {
  return h(
    "button",
    { type: "button", class: "search-button", "aria-keyshortcuts": ON_MAC ? "Meta+K" : "Control+K", onclick: palette },
    icon(SEARCH),
    h("span", { class: "search-label" }, t("palette.open")),
    h("kbd", { "aria-hidden": "true" }, ON_MAC ? "⌘K" : "Ctrl K"),
  );
}

/** What a newcomer can do next. */
function emptyState(newChat) {
  return h(
    "div",
    { class: "empty-list" },
    h("p", {}, t("rooms.empty")),
    ["direct", "create", "join"].map((tab) =>
      h("button", { type: "button", class: "button", onclick: () => newChat(tab) }, t(`new.${tab}`)),
    ),
  );
}
