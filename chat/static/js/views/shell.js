// The page of one who is logged in: list, open room, and what belongs to neither.

import { attentionOf } from "../attention.js";
import { fill, h, setText } from "../dom.js";
import { errorText } from "../errors.js";
import { withFiles } from "../files/kinds.js";
import { t } from "../i18n.js";
import { isComposing, isFind } from "../keys.js";
import { links } from "../link.js";
import { plainText } from "../markup.js";
import { roomOf } from "../router.js";
import { draw } from "../schedule.js";
import { createAnnouncer } from "./announcer.js";
import { createBanner } from "./banner.js";
import { createWarning } from "./warning.js";
import { openPalette } from "./palette.js";
import { createRequests } from "./requests.js";
import { createRoom } from "./room.js";
import { createRooms } from "./rooms.js";
import { createSearchDoor } from "./search_door.js";
import { createSheets, openRoomSheet } from "./side_panel.js";
import { siteMark } from "./site.js";
import { showTitle } from "./title.js";
import { createToasts } from "./toast.js";
import { roomNumber } from "../format.js";

const REDRAWN_ALL = /^(rooms|me|connection|room:|timeline:|typing:|members:)/;
const TOUCHES = ["pointermove", "pointerdown", "keydown"]; // after which much may be asked for

/**
 * Make the page; `app` gets its `toast`. Returns `{root, follow(route), answerInvitation(),
 * hear(message), start(), stop()}`.
 */
export function createShell(app) {
  const { store, actions, router, connection, parts } = app;
  const announcer = createAnnouncer();
  const banner = createBanner(() => connection.retryNow());
  const toasts = createToasts();
  app.toast = toasts.say;
  app.showPerson = (user, anchor) => parts.open(({ openCard }) => openCard(app, user, anchor));
  app.newChat = (tab) => parts.open(({ openNewChat }) => openNewChat(app, tab));
  app.profile = () => router.go("/me");
  app.openRoom = () => (open ? store.rooms.get(open.roomId) : undefined);
  const ready = (task) => parts.use(task, () => {}); // nobody asked for it
  const requests = createRequests(app, () => rooms.focus(openId()));
  const palette = () => openPalette(app); // at once: one types on
  const rooms = createRooms(app, { requests, newChat: app.newChat, palette, profile: app.profile });
  const main = h("main", { class: "main" });
  const panes = h("div", { class: "panes" }, rooms.root, main);
  const skip = h("button", { type: "button", class: "button skip-link", onclick: skipOn });
  const root = h(
    "div",
    { class: "shell", dataset: { pane: "list" } },
    h("header", { class: "bars" }, skip, h("h1", { class: "visually-hidden" }, t("app.name")), app.warning && createWarning(app), banner.root),
    panes,
    announcer.root,
    toasts.root,
  );
  app.sheets = createSheets({ host: panes, userId: store.me.id, changed: () => draw(redraw), ready });
  app.search = createSearchDoor(app);
  app.focusMain = () => (matchMedia("(pointer: fine)").matches ? skipOn() : refocus(openId()));
  app.back = () => (before === "search" ? router.goBack() : router.goHome());
  let route = { name: "home" };
  let before = null; // the name of the place before this one
  let open = null; // the view of the open room
  const openId = () => open && store.idOf(open.roomId); // one that was provisional may have begun
  let page = null; // the page about oneself or the search, while it is shown
  let title = ""; // of the open room, also when that is gone
  let isOver = false;

  function redraw() {
    const room = app.openRoom();
    if (open && !room) {
      toasts.say(t(`gone.${app.departures.reason(open.roomId)}`, { name: title }));
      follow({ name: "home" });
      router.goHome({ later: true }); // a dialog about something else stays
      return;
    }
    if (room) title = store.titleOf(room);
    rooms.redraw(room);
    open?.redraw();
    app.search.redraw();
    setText(skip, t(room ? "skip.composer" : "skip.list"));
    root.dataset.connection = store.connection.phase;
    banner.show(store.connection);
  }

  function retitle() {
    const room = app.openRoom();
    showTitle(attentionOf(store.rooms.values()), room ? store.titleOf(room) : "");
  }

  const stopListening = store.subscribe((key) => {
    if (key === "rooms") {
      retitle();
      if (!open && route.name !== "home" && roomOf(route, store.rooms.values())) follow(route);
    }
    if (open && key === `roles:${openId()}`) actions.loadMembers(open.roomId).catch(() => {});
    if (REDRAWN_ALL.test(key)) draw(redraw);
  });

  /** Show what the address means. */
  function follow(next) {
    before = route.name;
    route = next;
    const room = roomOf(route, store.rooms.values());
    root.dataset.pane = route.name === "home" ? "list" : "room";
    if (room && openId() === room.id) {
      if (route.seq) open.goTo(route.seq);
      return;
    }
    const left = openId();
    parts.forget(); // what was to be opened belonged to the place before
    app.sheets.follow(null, { all: route.name === "me" || route.name === "search" });
    open?.stop();
    open = null;
    page?.stop();
    page = null;
    if (room) {
      title = store.titleOf(room);
      open = createRoom({ room, app, openSheet: toggleSheet });
      fill(main, open.root);
      open.start(route.seq, { focus: !app.search.hasFocus });
      if (!room.provisional) app.sheets.follow((loaded) => showSheet(room, loaded));
    } else if (route.name === "me") {
      showPage(({ createProfile }) => createProfile(app));
    } else if (route.name === "search") {
      showPage(app.search.page);
    } else if (route.name === "group") {
      fill(main, offerToJoin(route.number));
    } else if (route.name === "direct") {
      fill(main, h("p", { class: "visually-hidden", role: "status" }, t("loading")));
      meet(route.username);
    } else {
      fill(main, placeholder());
    }
    redraw();
    retitle();
    refocus(left);
  }

  /** Show what `make(parts)` makes in the place of a room. */
  function showPage(make) {
    const asked = route;
    const still = () => asked === route;
    fill(main, h("div", { class: "placeholder" }, h("p", { role: "status" }, t("loading")), backLink()));
    const show = (loaded) => {
      if (!still()) return;
      page = make(loaded);
      fill(main, page.root);
      page.start?.();
      refocus();
    };
    parts.use(show, (error) => still() && say(errorText(error)));
  }

  /** Give the focus a place when what had it is gone; `left` is the id of the room before. */
  function refocus(left) {
    if (document.activeElement !== document.body || document.querySelector("dialog[open]")) return;
    if (route.name === "home") rooms.focus(left);
    else main.querySelector("h2")?.focus({ preventScroll: true });
  }

  function showSheet({ id, kind }, { groupSheet, personSheet }) {
    openRoomSheet(app, id, kind === "group" ? groupSheet : personSheet);
  }

  const openSheet = (room) => parts.open((loaded) => showSheet(room, loaded));

  function toggleSheet(room) {
    if (app.sheets.shown === "room") app.sheets.close();
    else openSheet(room);
  }

  /** Past the list, to where one writes; to the list where nothing is open. */
  function skipOn() {
    const input = main.querySelector(".composer-input");
    if (input?.checkVisibility()) input.focus();
    else if (open) main.querySelector(".transcript")?.focus();
    else rooms.focus(null);
  }

  /** Ctrl-K finds rooms, people and actions, Ctrl-F messages, Alt-↑ and Alt-↓ go through the list. */
  function onKey(event) {
    if (isComposing(event) || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") parts.forget();
    const { key, altKey, shiftKey } = event;
    const command = event.ctrlKey || event.metaKey;
    if (command && !altKey && !shiftKey && key.toLowerCase() === "k") palette();
    else if (isFind(event)) {
      if (!app.search.find()) return;
    } else if (altKey && !command && !shiftKey && key === "ArrowUp") actions.goBy(-1, openId());
    else if (altKey && !command && !shiftKey && key === "ArrowDown") actions.goBy(1, openId());
    else return;
    event.preventDefault();
  }

  /** Somebody opened the link of an invitation, here or before they logged in. */
  function answerInvitation() {
    const token = links.token("invite");
    const still = () => !isOver && links.token("invite") === token;
    if (token) parts.use(({ openInvitation }) => still() && openInvitation(app, token));
  }

  function placeholder() {
    return h(
      "div",
      { class: "placeholder" },
      siteMark(),
      h("p", {}, store.rooms.size ? t("placeholder.choose") : t("placeholder.first")),
    );
  }

  /** Someone followed a link to a group they are not in. */
  function offerToJoin(number) {
    return offer({
      title: t("join.title", { number: roomNumber(number) }),
      text: t("join.text"),
      action: t("new.join_submit"),
      task: () => actions.joinGroup(number),
      missing: t("new.no_such_group"),
    });
  }

  /** Somebody is named in the address who has no room yet: it begins with the first message. */
  async function meet(username) {
    const still = () => route.username === username && !open;
    try {
      const user = await actions.user(username);
      if (!still()) return;
      if (user.id === store.me.id) {
        say(t("introduction.self"));
        return;
      }
      store.putProvisional(user); // which follows the route
    } catch (error) {
      if (still()) say(error.code === "not_found" ? t("introduction.missing") : errorText(error));
    }
  }

  /** Say something in place of a room. */
  function say(text) {
    fill(main, h("div", { class: "placeholder" }, h("h2", { tabindex: "-1" }, text), backLink()));
    refocus();
  }

  function offer({ title: name, text, action, task, missing }) {
    const problem = h("p", { class: "form-error", role: "alert" });
    const accept = async () => {
      try {
        await task();
      } catch (error) {
        fill(problem, error.code === "not_found" ? missing : errorText(error));
      }
    };
    return h(
      "div",
      { class: "placeholder" },
      h("h2", { tabindex: "-1" }, h("bdi", {}, name)),
      h("p", { class: "muted" }, text),
      problem,
      h("button", { type: "button", class: "button primary", onclick: accept }, action),
      backLink(),
    );
  }

  function backLink() {
    return h("button", { type: "button", class: "link-button", onclick: () => router.goHome() }, t("back"));
  }

  function warm() {
    if (!connection.online) return; // some browsers never try a failed import again
    for (const name of TOUCHES) root.removeEventListener(name, warm);
    parts.warm();
  }

  return {
    root,
    follow,
    answerInvitation,
    start() {
      addEventListener("keydown", onKey);
      for (const name of TOUCHES) root.addEventListener(name, warm);
      banner.show(store.connection);
      follow(router.current());
      answerInvitation();
    },
    /** A message arrived while the page was open. */
    hear(message) {
      if (message.user_id === store.me.id || message.room_id !== openId() || message.deleted_at) return;
      const text = withFiles(plainText(message.data), message.files);
      announcer.hear(t("rooms.preview", { name: store.authorOf(message), text }));
    },
    stop() {
      isOver = true;
      route = { name: "over" }; // what loads is for the next one
      parts.forget();
      removeEventListener("keydown", onKey);
      stopListening();
      banner.stop();
      app.search.stop();
      app.sheets.stop();
      page?.stop();
      open?.stop();
    },
  };
}
