// The page of one who is logged in: list, open room, and what belongs to neither.

import { fill, h } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { links } from "../link.js";
import { roomOf } from "../router.js";
import { draw } from "../schedule.js";
import { nameOf } from "../store.js";
import { avatar } from "./avatar.js";
import { createAnnouncer } from "./announcer.js";
import { createBanner } from "./banner.js";
import { openCard } from "./card.js";
import { createWarning } from "./warning.js";
import { openInvitation } from "./invitation.js";
import { openMembers } from "./members.js";
import { openNewChat } from "./new_chat.js";
import { openPerson } from "./person.js";
import { openProfile } from "./profile.js";
import { createRequests } from "./requests.js";
import { createRoom } from "./room.js";
import { createRooms } from "./rooms.js";
import { openSwitcher } from "./switcher.js";
import { showTitle } from "./title.js";
import { createToasts } from "./toast.js";
import { roomNumber } from "../format.js";

const REDRAWN_ALL = /^(rooms|me|connection|room:|timeline:|typing:|members:)/;

/**
 * Make the page; `app` gets its `toast`. Returns `{root, follow(route), answerInvitation(),
 * hear(message), start(), stop()}`.
 */
export function createShell(app) {
  const { store, actions, router, connection } = app;
  const announcer = createAnnouncer();
  const banner = createBanner(() => connection.retryNow());
  const toasts = createToasts();
  app.toast = toasts.say;
  app.showPerson = (user, anchor) => openCard(app, user, anchor);
  const newChat = (tab) => openNewChat(app, tab);
  const requests = createRequests(app, () => rooms.focus(open?.roomId));
  const profile = () => openProfile(app);
  const rooms = createRooms({ store, router, requests, newChat, profile });
  const main = h("main", { class: "main" });
  const root = h(
    "div",
    { class: "shell", dataset: { pane: "list" } },
    h("div", { class: "bars" }, app.warning && createWarning(app), banner.root),
    h("div", { class: "panes" }, rooms.root, main),
    announcer.root,
    toasts.root,
  );
  let route = { name: "home" };
  let open = null; // the view of the open room
  let title = ""; // of the open room, also when that is gone

  function redraw() {
    const room = open && store.rooms.get(open.roomId);
    if (open && !room) {
      toasts.say(t(`gone.${app.departures.reason(open.roomId)}`, { name: title }));
      follow({ name: "home" });
      router.goHome({ later: true }); // a dialog about something else stays
      return;
    }
    if (room) title = store.titleOf(room);
    rooms.redraw(room);
    open?.redraw();
    root.dataset.connection = store.connection.phase;
    banner.show(store.connection);
  }

  function retitle() {
    const room = open && store.rooms.get(open.roomId);
    showTitle(store.unreadTotal(), room ? store.titleOf(room) : "");
  }

  const stopListening = store.subscribe((key) => {
    if (key === "rooms") {
      retitle();
      if (!open && route.name !== "home" && roomOf(route, store.rooms.values())) follow(route);
    }
    if (open && key === `roles:${open.roomId}`) actions.loadMembers(open.roomId).catch(() => {});
    if (REDRAWN_ALL.test(key)) draw(redraw);
  });

  /** Show what the address means. */
  function follow(next) {
    route = next;
    const room = roomOf(route, store.rooms.values());
    root.dataset.pane = route.name === "home" ? "list" : "room";
    if (room && open?.roomId === room.id) {
      if (route.seq) open.goTo(route.seq);
      return;
    }
    const left = open?.roomId;
    open?.stop();
    open = null;
    if (room) {
      title = store.titleOf(room);
      open = createRoom({ room, app, openSheet });
      fill(main, open.root);
      open.start(route.seq);
    } else if (route.name === "group") {
      fill(main, offerToJoin(route.number));
    } else if (route.name === "direct") {
      fill(main, h("p", { class: "placeholder muted" }, t("loading")));
      introduce(route.username);
    } else {
      fill(main, placeholder());
    }
    rooms.redraw(room);
    retitle();
    refocus(left);
  }

  /** Give the focus a place when what had it is gone; `left` is the id of the room before. */
  function refocus(left) {
    if (document.activeElement !== document.body || document.querySelector("dialog[open]")) return;
    if (route.name === "home") rooms.focus(left);
    else main.querySelector("h2")?.focus({ preventScroll: true });
  }

  function openSheet({ id, kind }) {
    if (kind === "group") openMembers(app, id);
    else openPerson(app, id);
  }

  /** Ctrl-K or ⌘-K finds a room, Alt-↑ and Alt-↓ go through the list. */
  function onKey(event) {
    if (event.isComposing || event.keyCode === 229 || document.querySelector("dialog[open]")) return;
    const { key, altKey, shiftKey } = event;
    const command = event.ctrlKey || event.metaKey;
    if (command && !altKey && !shiftKey && key.toLowerCase() === "k") openSwitcher(app);
    else if (altKey && !command && !shiftKey && key === "ArrowUp") actions.goBy(-1, open?.roomId);
    else if (altKey && !command && !shiftKey && key === "ArrowDown") actions.goBy(1, open?.roomId);
    else return;
    event.preventDefault();
  }

  /** Somebody opened the link of an invitation, here or before they logged in. */
  function answerInvitation() {
    const token = links.token("invite");
    if (token) openInvitation(app, token);
  }

  function placeholder() {
    return h(
      "div",
      { class: "placeholder" },
      h("span", { class: "auth-logo", "aria-hidden": "true" }),
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

  /** Someone followed a link to a person they have not talked to. */
  async function introduce(username) {
    try {
      const user = await actions.user(username);
      if (route.username !== username || open) return;
      fill(
        main,
        offer({
          face: avatar(user, nameOf(user)),
          title: nameOf(user),
          text: `@${user.username}`,
          action: t("introduction.start"),
          task: () => actions.startDirect(user.username),
          missing: t("introduction.missing"),
        }),
      );
      refocus();
    } catch (error) {
      if (route.username !== username || open) return;
      const text = error.code === "not_found" ? t("introduction.missing") : errorText(error);
      fill(main, h("div", { class: "placeholder" }, h("h2", { tabindex: "-1" }, text), backLink()));
      refocus();
    }
  }

  function offer({ face = null, title: name, text, action, task, missing }) {
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
      face,
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

  return {
    root,
    follow,
    answerInvitation,
    start() {
      addEventListener("keydown", onKey);
      banner.show(store.connection);
      follow(router.current());
      answerInvitation();
    },
    /** A message arrived while the page was open. */
    hear(message) {
      if (message.user_id === store.me.id || message.room_id !== open?.roomId || message.deleted_at) return;
      announcer.hear(t("rooms.preview", { name: store.authorOf(message), text: message.data }));
    },
    stop() {
      removeEventListener("keydown", onKey);
      stopListening();
      banner.stop();
      open?.stop();
    },
  };
}
