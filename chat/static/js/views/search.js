// Search for messages: beside the room where there is space for it, else in its place.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { isComposing } from "../keys.js";
import { draw } from "../schedule.js";
import { SEARCH_PATH, searchAddress, searchAt } from "../search/address.js";
import { createMessageSearch } from "../search/message_search.js";
import { createSearchField } from "./search_field.js";
import { createSearchResults } from "./search_results.js";

const REDRAWN = /^(rooms$|me$|members:)/;

/**
 * Make the one search of the page. Returns `{open({query, roomId}), toggle(room), find(), page(), hasFocus,
 * redraw, stop}`; `page()` is the view of its address: `{root, start, stop}`.
 */
export function createSearch(app) {
  const { store, actions, router, sheets } = app;
  const search = createMessageSearch({
    query: app.searched, // before the page was drawn in another language
    find: actions.findMessages,
    around: actions.neighboursOf,
    changed: () => draw(redraw),
  });
  let shown = ""; // the question whose results are shown
  let isPage = false; // it is shown in the place of a room
  let panel = null;
  let offered = null; // id of the room that can be searched beside all rooms

  const field = createSearchField(app, { search, here, back: leave, next: () => results.first() });
  const results = createSearchResults(app, { search, go, toField: () => field.focus() });
  const heading = h("h2", { class: "visually-hidden", tabindex: "-1" }, t("search.title"));
  const root = h("search", { class: "search", "aria-label": t("search.title") }, field.root, results.root);
  const view = h("div", { class: "search-page" }, heading);

  function here() {
    return store.rooms.get(search.roomId ?? app.openRoom()?.id ?? offered ?? "") ?? null;
  }

  function redraw() {
    if (!root.isConnected) return;
    const { query, roomId } = search;
    const question = `${roomId} ${query}`;
    if (search.status !== "waiting" && question !== shown) {
      shown = question;
      results.toTop();
    }
    field.redraw();
    results.redraw();
    const address = searchAddress(search);
    if (isPage && location.pathname === SEARCH_PATH && location.pathname + location.search !== address) {
      history.replaceState(history.state, "", address);
    }
  }

  /** Go to the message of a result; where there is space the results stay beside it. */
  function go({ message }) {
    const room = store.rooms.get(message.room_id);
    if (!room) return;
    const staysBeside = sheets.isWide;
    if (staysBeside && !panel) openPanel({ byHand: false });
    panel?.settle();
    actions.goTo(room, message.seq);
  }

  function leave() {
    if (panel) panel.close({ chosen: true });
    else router.goBack();
  }

  function openPanel({ byHand = true } = {}) {
    const focused = root.contains(document.activeElement) ? document.activeElement : null;
    results.leave();
    panel = sheets.open({
      name: "search",
      title: t("search.title"),
      body: root,
      stays: true,
      byHand,
      onClose() {
        results.leave();
        panel = null;
        // What it was opened from may be gone, with its room.
        queueMicrotask(() => document.activeElement === document.body && app.focusMain());
      },
    });
    results.comeBack();
    focused?.focus({ preventScroll: true });
    redraw();
  }

  /** Search for `query`, or go on with what was typed last, in a room or in all. */
  function open({ query = search.query, roomId = null } = {}) {
    offered = roomId ?? app.openRoom()?.id ?? null;
    search.begin(query, store.rooms.get(roomId)?.provisional ? null : roomId);
    if (panel || isPage) field.focus();
    else if (sheets.isWide) {
      openPanel();
      field.focus();
    } else router.go(searchAddress(search));
    redraw();
  }

  root.addEventListener("keydown", (event) => {
    // In a panel or a dialog that is closed by it.
    if (event.key !== "Escape" || !isPage || isComposing(event) || event.defaultPrevented) return;
    leave();
  });
  const stopListening = [
    store.subscribe((key) => {
      const [, roomId] = /^room:(.*)$/.exec(key) ?? [];
      if (roomId && !store.rooms.has(roomId)) search.leave(roomId);
      const isBack = key === "connection" && store.connection.phase === "online";
      if (isBack && search.status === "failed" && search.error.code === "network") search.submit();
      if (REDRAWN.test(key)) draw(redraw);
    }),
    store.followCopies((copies) => search.follow(copies)),
  ];

  return {
    open,

    get hasFocus() {
      return root.contains(document.activeElement);
    },

    /** The button of a room: search there, or no longer. */
    toggle(room) {
      if (panel && (search.roomId === room.id || !search.query)) panel.close({ chosen: true });
      else open({ roomId: room.id });
    },

    /** Ctrl-F: search in the open room; false where that is for the browser. */
    find() {
      if (document.activeElement === field.input) return false; // pressed again
      const room = app.openRoom();
      if (isPage) field.focus();
      else if (!room || room.provisional) return false;
      else if (panel) {
        search.choose(room.id);
        field.focus();
        field.input.select();
      } else open({ roomId: room.id });
      return true;
    },

    /** The view of its address. */
    page: () => ({
      root: view,
      start() {
        isPage = true;
        view.append(root);
        const asked = searchAt(location.search);
        offered = asked.roomId ?? offered;
        const isKnown = asked.query === search.query && asked.roomId === search.roomId;
        search.begin(asked.query, store.rooms.has(asked.roomId) ? asked.roomId : null);
        redraw();
        if (!(isKnown && results.comeBack())) field.focus();
      },
      stop() {
        isPage = false;
        if (view.contains(root)) results.leave();
      },
    }),

    redraw,

    stop() {
      app.searched = search.query;
      search.stop();
      for (const stop of stopListening) stop();
    },
  };
}
