// The invitation that a link carries, until it is answered: the person may have to log in first.

import { createStorage } from "./storage.js";

const KEY = "chat.invitation";
const HASH = /^#invite=([\w-]{1,100})$/;

const kept = createStorage(() => globalThis.sessionStorage); // of this tab alone

/** Make the link of an invitation. What stands behind the # is sent to no server. */
export function invitationLink(token) {
  return `${location.origin}/#invite=${token}`;
}

/** Take an invitation out of the address, where it would stay in the browser's history. */
export function takeInvitation() {
  const token = HASH.exec(location.hash)?.[1];
  if (!token) return false;
  kept.setItem(KEY, token);
  history.replaceState(history.state, "", location.pathname + location.search);
  return true;
}

/** The token of the invitation that is not answered yet, or null. */
export function openInvitationToken() {
  return kept.getItem(KEY);
}

/** Forget the invitation: it is answered. */
export function forgetInvitation() {
  kept.removeItem(KEY);
}
