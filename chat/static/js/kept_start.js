// What the page starts with when the server cannot be reached: who one is, and one's rooms. No text
// of any message is among it. Gone at the end of the session.

import { storage } from "./storage.js";

const ROOMS = 200; // the latest
const HIDDEN_TEXT = "…"; // stands for the text of a room's last message

const keyOf = (userId) => `chat.start.${userId}`;

function pick(object, names) {
  return Object.fromEntries(names.filter((name) => name in object).map((name) => [name, object[name]]));
}

const withoutAddress = (me) => pick(me, ["id", "username", "nickname", "avatar", "locale"]);

function withoutText({ former_numbers: _, ...room }) {
  const last = room.last_message;
  if (!last) return room;
  const names = ["id", "room_id", "user_id", "username", "nickname", "seq", "version", "kind", "created_at"];
  return { ...room, last_message: { ...pick(last, names), data: HIDDEN_TEXT } };
}

/** Keep what a store knows. */
export function keepStart(store) {
  const rooms = store.roomList().filter((room) => !room.provisional).slice(0, ROOMS).map(withoutText);
  storage.setItem(keyOf(store.me.id), JSON.stringify({ me: withoutAddress(store.me), rooms }));
}

/** What was kept of a user, `{me, rooms}`, or null. */
export function keptStart(userId) {
  try {
    const { me, rooms } = JSON.parse(storage.getItem(keyOf(userId)));
    return me.id === userId && Array.isArray(rooms) ? { me, rooms } : null;
  } catch {
    return null; // nothing, or of another version
  }
}

/** Forget it, whoever's it is. */
export function forgetStart() {
  for (const key of storage.keys()) if (key.startsWith(keyOf(""))) storage.removeItem(key);
}
