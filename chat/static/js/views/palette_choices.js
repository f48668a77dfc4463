// What the palette offers for what was typed, part by part. A choice is `{key, title, detail, look,
// words, run}`; `look` is `{face}` (of the title, else of `name`) or the `{path}` of an icon.

import { unreadIn } from "../attention.js";
import { findByTitle } from "../finding.js";
import { roomNumber } from "../format.js";
import { BELL, BELL_OFF, COMPOSE, DEVICE, GLOBE, LEAVE, LINK, MOON, PEOPLE, PIN, SEARCH, SUN, UNPIN } from "../icons.js";
import { locale, t } from "../i18n.js";
import { joinCode } from "../join_code.js";
import { roomOf } from "../router.js";
import { nameOf } from "../store.js";
import { withoutAt } from "../text.js";
import { THEMES, setTheme, theme } from "../theme.js";
import { logOut } from "./log_out.js";

const THEME_ICONS = { system: DEVICE, light: SUN, dark: MOON };
const ROOMS = 8;
const PEOPLE_SHOWN = 8;

/** The group, or the invitation to one, that a pasted number or link leads to. */
export function joinChoices(app, query) {
  const code = joinCode(query);
  if (!code) return [];
  if (code.kind === "invitation") {
    const run = () => app.parts.open(({ openInvitation }) => openInvitation(app, code.token));
    return [{ key: "join", title: t("palette.join_invitation"), look: { path: LINK }, run }];
  }
  const { number, seq } = code;
  const known = roomOf({ name: "group", number }, app.store.rooms.values());
  if (known) return [{ ...roomChoice(app, known), run: () => app.actions.goTo(known, seq) }];
  const title = t("palette.join_group", { number: roomNumber(number) });
  return [{ key: "join", title, look: { path: LINK }, run: () => app.router.go(`/r/${number}`) }];
}

/** A room, also a hidden one. */
export function roomChoice({ store, actions }, room) {
  const title = store.titleOf(room);
  const username = room.peer ? `@${room.peer.username}` : null;
  return {
    key: `room:${room.id}`,
    title,
    detail: [username, room.hidden && t("palette.hidden")].filter(Boolean).join(" · "),
    look: { face: store.faceOf(room), square: room.kind === "group" },
    unread: unreadIn(room),
    muted: room.muted,
    run: () => actions.goTo(room),
  };
}

/** The rooms of a name, by title or by the other one's username. */
export function roomChoices(app, query) {
  const { store } = app;
  const wanted = withoutAt(query);
  const rooms = store.roomList();
  const titled = findByTitle(rooms, wanted, (room) => store.titleOf(room));
  const named = findByTitle(
    rooms.filter((room) => room.peer && !titled.includes(room)),
    wanted,
    (room) => room.peer.username,
  );
  return [...titled, ...named].slice(0, ROOMS).map((room) => roomChoice(app, room));
}

/** People as the server found them; those whose room is among `rooms` are there already. */
export function peopleChoices({ store, actions }, users, rooms) {
  const shown = new Set(rooms.map(({ key }) => key));
  const roomKeyOf = (user) => {
    const room = store.directRoomWith(user.id);
    return room && `room:${room.id}`;
  };
  return users
    .filter((user) => user.id !== store.me.id && !shown.has(roomKeyOf(user)))
    .slice(0, PEOPLE_SHOWN)
    .map((user) => ({
      key: `user:${user.id}`,
      title: nameOf(user),
      detail: `@${user.username}`,
      look: { face: user },
      run: () => actions.openDirect(user),
    }));
}

/** The way to the search in messages, with what was typed. */
export function messageChoices(app, query) {
  const title = query ? t("search.for", { query }) : t("search.title");
  return [{ key: "messages", title, look: { path: SEARCH }, run: () => app.search.open({ query }) }];
}

/** What one can do: everywhere, and in the open room. */
export function actionChoices(app, query) {
  return findByTitle(allActions(app), query, ({ title, words = "" }) => `${title} ${words}`);
}

function allActions(app) {
  const { store, openRoom } = app;
  const action = (name, title, path, run, words = "") => ({ key: `action:${name}`, title, look: { path }, run, words });
  const other = locale() === "zh" ? "en" : "zh";
  const room = openRoom();
  return [
    action("direct", t("new.direct"), COMPOSE, () => app.newChat("direct")),
    action("create", t("new.create"), PEOPLE, () => app.newChat("create")),
    action("join", t("new.join"), LINK, () => app.newChat("join")),
    ...(room && !room.provisional ? roomActions(app, room, action) : []),
    { ...action("profile", t("profile.title"), null, app.profile), look: { face: store.me, name: nameOf(store.me) } },
    ...THEMES.filter((one) => one !== theme()).map((one) =>
      action(one, t("action.theme", { name: t(`theme.${one}`) }), THEME_ICONS[one], () => setTheme(one), "theme 主题"),
    ),
    action("language", t("action.language"), GLOBE, () => app.chooseLocale(other), "language 语言"),
    action("logout", t("logout"), LEAVE, () => logOut(app)),
  ];
}

function roomActions({ store, actions }, room, action) {
  const name = store.titleOf(room);
  return [
    action(
      "mute",
      t(room.muted ? "action.unmute" : "action.mute", { name }),
      room.muted ? BELL : BELL_OFF,
      () => actions.setNotify(room.id, room.muted ? "all" : "none"),
    ),
    action(
      "pin",
      t(room.pinned ? "action.unpin" : "action.pin", { name }),
      room.pinned ? UNPIN : PIN,
      () => actions.pinRoom(room.id, !room.pinned),
    ),
  ];
}
