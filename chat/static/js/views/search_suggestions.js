// What can stand behind an operator that is being typed in a search: people, rooms, days.

import { findByTitle, peopleQuery } from "../finding.js";
import { t } from "../i18n.js";
import { completed, usualDays, valueOf, withoutOpen } from "../search/operators.js";
import { nameOf } from "../store.js";
import { withoutAt } from "../text.js";
import { avatar } from "./avatar.js";

const MOST = 6;
const ASK_MS = 200;

/**
 * Look up who could stand behind `from:`. Returns `{ask(typed, roomId), found}`: the members of a room,
 * or people as the server finds them; `changed()` is called when there are others.
 */
export function createPeopleLookup({ store, actions }, changed) {
  const lookup = { ask, found: [] };
  let asked = ""; // what is looked up
  let timer = null;

  function ask(typed, roomId) {
    const query = peopleQuery(typed);
    const question = roomId ?? query;
    if (question === asked) return;
    clearTimeout(timer);
    asked = question;
    if (roomId) {
      if (!store.members.has(store.idOf(roomId))) actions.loadMembers(roomId).catch(() => (asked = ""));
    } else if (query) timer = setTimeout(find, ASK_MS, query);
  }

  async function find(query) {
    const users = await actions.findUsers(query).catch(() => []); // those that are known will do
    if (query !== asked) return;
    lookup.found = users;
    changed();
  }

  return lookup;
}

/**
 * List what completes the open operator of a query: `{key, title, detail, face, square, apply}`, where
 * `apply(search)` puts it into the search. `found` are people that were looked up.
 */
export function suggestionsFor(app, search, open, found) {
  if (!open) return [];
  const put = (value) => (now) => now.type(completed(now.query, open, value));
  if (open.name === "from") return people(app, search, open.value, found, put);
  if (open.name === "in") return rooms(app, open);
  if (open.name === "has") return conditions(open.value, put);
  return days(open.value, put);
}

/** The members of the room, else those whose names are known: oneself first. */
function people({ store }, { roomId }, typed, looked, put) {
  const members = roomId && store.members.get(store.idOf(roomId));
  const others = members ? members.map(({ user }) => user) : [...store.users.values(), ...looked];
  const byId = new Map(others.map((user) => [user.id, store.users.get(user.id) ?? user]));
  const known = [...byId.values()].filter(({ id, username }) => username && id !== store.me.id && !store.gone.has(id));
  const found = findByTitle(known, withoutAt(typed), (user) => `${nameOf(user)} ${user.username}`);
  const me = { key: "me", title: t("you"), detail: `@${store.me.username}`, face: store.me, value: valueOf("me") };
  const ownNames = [valueOf("me"), t("you"), nameOf(store.me), store.me.username].join(" ");
  const isMe = findByTitle([store.me], withoutAt(typed), () => ownNames);
  return [
    ...(isMe.length ? [me] : []),
    ...found.map((user) => {
      const { id, username } = user;
      return { key: id, title: nameOf(user), detail: `@${username}`, face: user, value: username };
    }),
  ].slice(0, MOST).map(({ value, ...one }) => ({ ...one, apply: put(value) }));
}

/** A room is chosen as the place of the search: its name may be that of others, too. */
function rooms({ store }, open) {
  const listed = store.roomList().filter((room) => !room.provisional);
  const found = findByTitle(listed, open.value.replace(/^[#＃]/, ""), (room) => store.titleOf(room));
  return found.slice(0, MOST).map((room) => ({
    key: room.id,
    title: store.titleOf(room),
    detail: "",
    face: store.faceOf(room),
    square: room.kind === "group",
    apply: (search) => search.begin(withoutOpen(search.query, open), room.id),
  }));
}

function conditions(typed, put) {
  return ["file", "link"]
    .map((what) => ({ key: what, title: valueOf(what), detail: t(`search.has_${what}`), apply: put(valueOf(what)) }))
    .filter(({ title }) => title.startsWith(typed) && title !== typed);
}

function days(typed, put) {
  return usualDays()
    .filter(({ value }) => value.startsWith(typed) && value !== typed)
    .map(({ key, value }) => ({
      key,
      title: t(`search.day_${key}`),
      detail: value,
      apply: put(value),
    }));
}

/** The picture beside a suggestion, or nothing. */
export const faceOf = ({ face, title, square }) => face && avatar(face, title, { square });
