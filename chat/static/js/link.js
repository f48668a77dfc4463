// Links that somebody was handed: to register, to set a new password, to join a group. Their tokens
// stand behind the #, which browsers send to no server.

import { createStorage } from "./storage.js";

const LINK = /^#(register|reset|invite)=([A-Za-z0-9_-]{1,64})$/;
const OTHER = { register: "reset", reset: "register" }; // of these two the last one opened is meant

const keyOf = (purpose) => `chat.link.${purpose}`;

/**
 * The tokens of the links by which the page was opened. `storage`, of this tab alone, keeps each
 * until it is used: somebody may load the page again, or has to log in first.
 */
export class Links {
  constructor({ location, history, storage }) {
    Object.assign(this, { location, history, storage });
  }

  /** What the address is a link for, or null. */
  purpose() {
    return LINK.exec(this.location.hash)?.[1] ?? null;
  }

  /** Keep the token of the address, and take it out of it: no bookmark and no look at the screen has it. */
  take() {
    const [, purpose, token] = LINK.exec(this.location.hash) ?? [];
    if (!purpose) return;
    if (OTHER[purpose]) this.forget(OTHER[purpose]);
    this.storage.setItem(keyOf(purpose), token);
    this.history.replaceState(this.history.state, "", this.location.pathname + this.location.search);
  }

  /** The token that is kept, or null. */
  token(purpose) {
    return this.storage.getItem(keyOf(purpose));
  }

  /** Forget a token: it was used, or is not to be. */
  forget(purpose) {
    this.storage.removeItem(keyOf(purpose));
  }
}

/** The links of this tab. */
export const links = globalThis.window
  ? new Links({ location, history, storage: createStorage(() => globalThis.sessionStorage) })
  : null;

/** Make the link of an invitation. */
export function invitationLink(token) {
  return `${location.origin}/#invite=${token}`;
}
