// Notifications of the desktop: off until somebody asks for them, on this browser and account.

import { callsFor, notifyOf } from "./attention.js";
import { withFiles } from "./files/kinds.js";
import { plainText } from "./markup.js";
import { forgetNotifying, keepNotifying, notifies } from "./storage.js";
import { beginning } from "./text.js";

const SETTLE_MS = 1_000; // time for another tab to say that it was read there
const LONGEST = 200;

/** Whether this browser can show any: "unsupported", "blocked", "off" or "on". */
export function notifyingState(userId) {
  if (!("Notification" in globalThis)) return "unsupported"; // or not on https
  if (Notification.permission === "denied") return "blocked";
  return Notification.permission === "granted" && notifies(userId) ? "on" : "off";
}

/** Turn them on, asking the browser, or off; resolves to the new state. Call it on a click only. */
export async function setNotifying(userId, wanted) {
  if (!wanted) forgetNotifying(userId);
  else if ((await Notification.requestPermission()) === "granted") keepNotifying(userId);
  return notifyingState(userId);
}

/**
 * Show what arrives while nobody looks: one notification a room, gone when it is read or its message
 * deleted. Rooms that notify of mentions tell of these alone, muted ones of nothing, mentions neither.
 * One tab of the browser does it for all of them. `open(room)` is called when somebody clicks one.
 * Where pushes come too, the service worker shows both kinds, so that one takes the place of another.
 * Returns `{arrived(message), changed(messages)}`, to be told what was pushed.
 */
export function createNotifier({ store, locks, wait, open, push }) {
  const shown = new Map(); // room id -> {message, close()}
  const userId = store.me.id;
  let leads = false;

  locks.request(`chat-notify-${userId}`, () => {
    leads = true;
    return new Promise(() => {}); // until the tab is closed
  });

  store.subscribe((key) => {
    if (key !== "rooms") return;
    for (const [roomId, { message }] of [...shown]) {
      if (!isUnread(roomId) || store.latest(message).deleted_at) close(roomId);
    }
    push.closeSoon(isRead);
  });

  function isUnread(roomId, seq = 0) {
    const room = store.rooms.get(roomId);
    return Boolean(room) && notifyOf(room) !== "none" && room.last_read_seq < Math.max(seq, room.last_seq);
  }

  function isRead(roomId, seq) {
    const room = store.rooms.get(roomId);
    return !room || room.last_read_seq >= seq;
  }

  function close(roomId) {
    shown.get(roomId)?.close();
    shown.delete(roomId);
  }

  async function show(room, message) {
    const name = room.kind === "group" ? `${store.authorOf(message)}: ` : "";
    const body = beginning(name + withFiles(plainText(message.data), message.files), LONGEST);
    const options = { body, tag: room.id };
    const title = store.titleOf(room);
    const worker = await push.shower();
    if (worker) {
      await worker.showNotification(title, { ...options, data: { room_id: room.id, seq: message.seq } });
      shown.set(room.id, { message, close: () => push.close((id) => id === room.id) });
      return;
    }
    const notification = new Notification(title, options);
    notification.onclick = () => {
      globalThis.focus();
      close(room.id);
      open(room);
    };
    shown.set(room.id, { message, close: () => notification.close() });
  }

  async function arrived(message) {
    if (!leads || message.user_id === userId || document.hasFocus()) return;
    if (notifyingState(userId) !== "on") return;
    await wait(SETTLE_MS);
    const latest = store.latest(message);
    if (latest.deleted_at || !isUnread(message.room_id, message.seq)) return;
    const room = store.rooms.get(message.room_id);
    if (![message, latest].some((copy) => callsFor(room, copy, userId))) return; // a preview names nobody
    try {
      await show(room, latest);
    } catch {
      forgetNotifying(userId); // Chrome on Android lets no page show one by itself
    }
  }

  /** What a closed room has further up is in no store: only the push tells that it was deleted. */
  function changed(messages) {
    for (const { id, room_id: roomId, deleted_at: deletedAt } of messages) {
      if (deletedAt && shown.get(roomId)?.message.id === id) close(roomId);
    }
  }

  return { arrived, changed };
}
