// Addresses of the page: /, /me, /search, /r/<room number>, /d/<username>, and /m/<seq> behind the last
// two for a message.

import { navigation } from "./navigation.js";
import { SEARCH_PATH } from "./search/address.js";

/**
 * Read a path; returns `{name: "home"}`, `{name: "me"}`, `{name: "search"}`,
 * `{name: "group", number, seq}` or `{name: "direct", username, seq}`, `seq` being null where no message is named.
 */
export function parsePath(path) {
  if (/^\/me\/?$/.test(path)) return { name: "me" };
  if (path === SEARCH_PATH) return { name: "search" };
  const match = /^\/([rd])\/([^/]+)(?:\/m\/(\d{1,15}))?\/?$/.exec(path);
  if (!match) return { name: "home" };
  const value = decode(match[2]);
  const seq = Number(match[3]) || null;
  if (match[1] === "d") return { name: "direct", username: value, seq };
  return /^\d{9}$/.test(value) ? { name: "group", number: value, seq } : { name: "home" };
}

/** The path of a room, as its member sees it, or of the message `seq` in it. */
export function pathOf(room, seq = null) {
  const message = seq ? `/m/${seq}` : "";
  if (room.kind === "group") return `/r/${room.number}${message}`;
  return `/d/${encodeURIComponent(room.peer?.username ?? room.id)}${message}`;
}

/**
 * Where in this page an address leads: `{path}` of a room or a message, or `{hash}` of an invitation;
 * null for an address of another server, or of this one but no place of the page.
 */
export function placeOf(address, origin) {
  const url = new URL(address);
  if (url.origin !== origin) return null;
  if (/^#invite=/.test(url.hash)) return { hash: url.hash };
  const { name } = parsePath(url.pathname);
  return name === "home" || name === "search" ? null : { path: url.pathname };
}

/** Find the room a route means among those one is in. */
export function roomOf(route, rooms) {
  for (const room of rooms) {
    const numbers = [room.number, ...(room.former_numbers ?? [])]; // an address may have an older one
    if (route.name === "group" && numbers.includes(route.number)) return room;
    if (route.name !== "direct") continue;
    if (room.id === route.username) return room; // no username is as long; pushes know no other name
    if (room.kind !== "direct") continue;
    if (room.peer?.username.toLowerCase() === route.username.toLowerCase()) return room;
  }
  return null;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray % in an address typed by hand
  }
}

/** Follow the browser's address; `onChange(route)` is told of every change. */
export function createRouter(onChange) {
  const current = () => parsePath(location.pathname);
  navigation.start(() => onChange(current()));
  return {
    current,
    go: (path) => navigation.go(path),
    goBack: () => navigation.goBack(),
    goHome: (options) => navigation.goHome(options),
  };
}
