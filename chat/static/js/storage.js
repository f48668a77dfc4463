// What this browser keeps for a user beside the outbox: drafts and choices. Gone at log-out.

const draftKey = (userId, roomId) => `chat.draft.${userId}.${roomId}`;

/** Read what was being written in a room. */
export function readDraft(userId, roomId) {
  return localStorage.getItem(draftKey(userId, roomId)) ?? "";
}

/** Keep what is being written in a room; an empty text is forgotten. */
export function keepDraft(userId, roomId, text) {
  try {
    if (text) localStorage.setItem(draftKey(userId, roomId), text);
    else localStorage.removeItem(draftKey(userId, roomId));
  } catch {
    return; // storage is full: the text is still in its field
  }
}

/** Forget all drafts of a user. */
export function forgetDrafts(userId) {
  const prefix = draftKey(userId, "");
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(prefix)) localStorage.removeItem(key);
  }
}

const notifyKey = (userId) => `chat.notify.${userId}`;

/** Whether a user wants notifications on this browser. */
export function notifies(userId) {
  return localStorage.getItem(notifyKey(userId)) !== null;
}

/** Remember that a user wants notifications here. */
export function keepNotifying(userId) {
  localStorage.setItem(notifyKey(userId), "on");
}

/** Forget that a user wanted notifications here. */
export function forgetNotifying(userId) {
  localStorage.removeItem(notifyKey(userId));
}

/** Remember the language for the next visit; the server reads the cookie when it makes the page. */
export function keepLocale(locale) {
  document.cookie = `locale=${locale}; path=/; max-age=31536000; samesite=lax`;
}

/** The language once chosen on this browser, or null. */
export function keptLocale() {
  return /(?:^|; )locale=(zh|en)(?:;|$)/.exec(document.cookie)?.[1] ?? null;
}
