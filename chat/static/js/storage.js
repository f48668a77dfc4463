// What this browser keeps for a user beside the outbox: drafts and choices. Gone at log-out.

import { pointerOf } from "./quoted.js";

/**
 * A storage that never throws: what the browser refuses to keep lives as long as the tab. `open()`
 * returns the browser's own, or throws where it is blocked; `kept` tells which it was.
 */
export function createStorage(open) {
  const memory = new Map();
  const browser = attempt(open);

  return {
    kept: browser !== null,
    getItem: (key) => memory.get(key) ?? attempt(() => browser.getItem(key)),
    setItem(key, value) {
      if (attempt(() => browser.setItem(key, value) ?? true)) memory.delete(key);
      else memory.set(key, value); // blocked or full
    },
    removeItem(key) {
      memory.delete(key);
      attempt(() => browser.removeItem(key));
    },
    keys: () => [...memory.keys(), ...(attempt(() => Object.keys(browser)) ?? [])],
  };
}

/** Do what a browser may refuse; null then. */
function attempt(task) {
  try {
    return task() ?? null;
  } catch {
    return null;
  }
}

export const storage = createStorage(() => globalThis.localStorage);

/** Whether this browser keeps cookies of this site. */
export function keepsCookies() {
  const probe = `probe.${Math.random().toString(36).slice(2)}=1`; // other tabs have theirs
  attempt(() => (document.cookie = `${probe}; path=/; samesite=strict`));
  const kept = attempt(() => document.cookie.split("; ").includes(probe)) ?? false;
  attempt(() => (document.cookie = `${probe}; path=/; samesite=strict; max-age=0`));
  return kept;
}

const draftKey = (userId, roomId) => `chat.draft.${userId}.${roomId}`;

/** Read what was being written in a room. */
export function readDraft(userId, roomId) {
  return storage.getItem(draftKey(userId, roomId)) ?? "";
}

/** Keep what is being written in a room; an empty text is forgotten. */
export function keepDraft(userId, roomId, text) {
  if (text) storage.setItem(draftKey(userId, roomId), text);
  else storage.removeItem(draftKey(userId, roomId));
}

/** Let the draft of a room be that of another one. */
export function moveDraft(userId, fromId, toId) {
  const text = readDraft(userId, fromId);
  if (text) keepDraft(userId, toId, text);
  keepDraft(userId, fromId, "");
}

const REPLY = "reply.";
const replyKey = (userId, roomId) => draftKey(userId, REPLY + roomId);

/** Forget the drafts of a user: all, or those of rooms that are gone. */
export function forgetDrafts(userId, isGone = () => true) {
  const prefix = draftKey(userId, "");
  for (const key of storage.keys()) {
    if (!key.startsWith(prefix)) continue;
    const id = key.slice(prefix.length);
    if (isGone(id.startsWith(REPLY) ? id.slice(REPLY.length) : id)) storage.removeItem(key);
  }
}

/** Read what the draft of a room is a reply to, `{id, seq, user_id}`, or null. */
export function readDraftQuote(userId, roomId) {
  return attempt(() => JSON.parse(storage.getItem(replyKey(userId, roomId))));
}

/** Keep which message the draft of a room is a reply to; null is forgotten. */
export function keepDraftQuote(userId, roomId, quote) {
  if (quote) storage.setItem(replyKey(userId, roomId), JSON.stringify(pointerOf(quote)));
  else storage.removeItem(replyKey(userId, roomId));
}

const emojiKey = (userId) => `chat.emoji.${userId}`;

/** Read a user's habits with emoji: `{recent, tone}`, the last one first, tone 0 for yellow. */
export function readEmojiHabits(userId) {
  const { recent = [], tone = 0 } = attempt(() => JSON.parse(storage.getItem(emojiKey(userId)))) ?? {};
  return { recent, tone };
}

export function keepEmojiHabits(userId, habits) {
  storage.setItem(emojiKey(userId), JSON.stringify(habits));
}

const notifyKey = (userId) => `chat.notify.${userId}`;

/** Whether a user wants notifications on this browser. */
export function notifies(userId) {
  return storage.getItem(notifyKey(userId)) !== null;
}

/** Remember that a user wants notifications here. */
export function keepNotifying(userId) {
  storage.setItem(notifyKey(userId), "on");
}

/** Forget that a user wanted notifications here. */
export function forgetNotifying(userId) {
  storage.removeItem(notifyKey(userId));
}

const pushKey = (userId) => `chat.push.${userId}`;

/** What a user chose of pushes on this browser, `{text}`, or null. */
export function readPush(userId) {
  return attempt(() => JSON.parse(storage.getItem(pushKey(userId))));
}

export function keepPush(userId, choice) {
  storage.setItem(pushKey(userId), JSON.stringify(choice));
}

export function forgetPush(userId) {
  storage.removeItem(pushKey(userId));
}

const panelKey = (userId) => `chat.panel.${userId}`;
const foundKey = (userId) => `chat.found.${userId}`;

/** Whether a user wants to see the sheet of a room beside it. */
export function wantsPanel(userId) {
  return storage.getItem(panelKey(userId)) !== null;
}

/** Remember whether a user wants to see the sheet of a room beside it. */
export function keepPanel(userId, wanted) {
  if (wanted) storage.setItem(panelKey(userId), "open");
  else storage.removeItem(panelKey(userId));
}

/** The keys of what a user found last in the palette, the last one first. */
export function readFound(userId) {
  return (storage.getItem(foundKey(userId)) ?? "").split("\n").filter(Boolean);
}

/** Remember what a user found in the palette. */
export function keepFound(userId, keys) {
  storage.setItem(foundKey(userId), keys.join("\n"));
}

/** Forget what a user has chosen on this browser, found, and used of emoji. */
export function forgetChoices(userId) {
  for (const keyOf of [emojiKey, notifyKey, pushKey, panelKey, foundKey]) storage.removeItem(keyOf(userId));
}

/** Have the server know a choice from now on; without a value it is forgotten. */
function keepCookie(name, value) {
  const age = value ? 31_536_000 : 0;
  attempt(() => (document.cookie = `${name}=${value}; path=/; max-age=${age}; samesite=lax`));
}

/** The value of a cookie that is one of `values`, or null. */
function keptCookie(name, values) {
  const cookies = (attempt(() => document.cookie) ?? "").split("; ");
  return values.find((value) => cookies.includes(`${name}=${value}`)) ?? null;
}

let chosenLocale = null; // on this page, in case the browser keeps no cookie

/** Remember the language for the next visit; the server reads the cookie when it makes the page. */
export function keepLocale(locale) {
  chosenLocale = locale;
  keepCookie("locale", locale);
}

/** The language once chosen on this browser, or null. */
export function keptLocale() {
  return chosenLocale ?? keptCookie("locale", ["zh", "en"]);
}

/** Remember "light" or "dark" for the next visit; "" follows the system. */
export function keepTheme(theme) {
  keepCookie("theme", theme);
}

/** The theme once chosen on this browser, or null. */
export function keptTheme() {
  return keptCookie("theme", ["light", "dark"]);
}
