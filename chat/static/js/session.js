// Who is logged in. The access token lives in memory alone, the refresh token in an HttpOnly cookie;
// where the browser keeps no cookies, in memory too, and the session ends with the tab. Cookies go to
// every port of a host, storage belongs to one origin: so the cookie is no use without a key kept there.

import { ApiError } from "./answer.js";

const MARKER = "chat.signed_in"; // the user's id: tells other tabs, and whether asking is worth it
const KEY = "chat.session_key"; // gone at log-out, as the marker
const KEY_BYTES = 32;
const OWN_ENDS = ["left", "changed", "deleted"]; // the user's own doing, in whichever tab
const GOODBYES = ["left", "deleted"];
const FALLBACK_LIFETIME_MS = 10 * 60 * 1000;
const SPARE_MS = 30_000;
const YOUNG_MS = 15_000;

function claimsOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
  } catch {
    return {}; // not a JWT
  }
}

/** How long a token lives, in ms, from its own claims: the clocks of both ends need not agree. */
export function lifetimeOf(token) {
  const { exp, iat } = claimsOf(token);
  // without them: often enough for any sensible lifetime
  return exp > iat ? (exp - iat) * 1000 : FALLBACK_LIFETIME_MS;
}

/** Whether nothing of the user is to stay in this browser after a session's end. */
export function isGoodbye(reason) {
  return GOODBYES.includes(reason);
}

/** A key that nobody guesses, in hexadecimal digits. */
function makeKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isRefusal({ code }) {
  return code === "unauthorized" || code === "token_expired";
}

/**
 * Keep a session alive. `request` is api.request; `onRenewed(token)` is told of every new access
 * token but the first, `onEnded(reason)` of the end: "left", "changed" (the password), "deleted" (the
 * account), "expired" or "elsewhere". `cookies` tells whether the browser keeps them.
 */
export class Session {
  constructor({
    request,
    storage,
    locks,
    cookies = true,
    onRenewed = () => {},
    onEnded = () => {},
    timers = globalThis,
  }) {
    Object.assign(this, { request, storage, locks, cookies, onRenewed, onEnded, timers });
    this.access = null;
    this.refresh = null; // the refresh token, where there are no cookies
    this.renewedAt = 0;
    this.endsAt = 0;
    this.timer = null;
    this.renewing = null;
    this.over = false;
    this.finishing = false;
    this.cut = false; // ended while finishing
  }

  /** The id of the user who was logged in when this browser was last seen, or null. */
  get userId() {
    return this.storage.getItem(MARKER);
  }

  /** Whether this browser was logged in when last seen. */
  get remembered() {
    return this.userId !== null;
  }

  /** Log in; resolves to the user. */
  logIn(username, password) {
    return this.begin("/session", { username, password });
  }

  /** Register; resolves to the user, who is logged in with it. */
  register(fields) {
    return this.begin("/users", fields);
  }

  async begin(path, body) {
    const key = makeKey(); // kept when there is a session: another tab may have one of its own
    const { user, ...tokens } = await this.request("POST", path, { body, ...this.byCookie(key) });
    this.over = false;
    this.cut = false;
    this.keep(tokens);
    this.storage.setItem(KEY, key);
    this.storage.setItem(MARKER, user.id);
    return user;
  }

  /** What a request says about the cookie; nothing where there are none. */
  byCookie(key) {
    return this.cookies ? { cookie: true, key } : {};
  }

  /** The key of the session; one from before there were keys gets it now. */
  key() {
    if (this.storage.getItem(KEY) === null) this.storage.setItem(KEY, makeKey());
    return this.storage.getItem(KEY);
  }

  keep({ access_token: token, refresh_token: refresh = null }) {
    const lifetime = lifetimeOf(token);
    this.access = token;
    this.refresh = refresh;
    this.renewedAt = Date.now();
    this.endsAt = this.renewedAt + lifetime;
    this.renewIn(lifetime * 0.75); // ahead of the end, so that open sockets can be told in time
  }

  renewIn(ms) {
    this.timers.clearTimeout(this.timer);
    this.timer = this.timers.setTimeout(async () => {
      try {
        await this.renew();
      } catch {
        if (!this.over) this.renewIn(SPARE_MS);
      }
    }, ms);
  }

  /** Renew because the server asked for it, but not again and again when tokens live too briefly. */
  renewSoon() {
    const age = Date.now() - this.renewedAt;
    this.renewIn(age < YOUNG_MS ? YOUNG_MS : 0);
  }

  /** A usable access token. */
  async token() {
    if (this.access && Date.now() < this.endsAt - SPARE_MS) return this.access;
    return this.renew();
  }

  /** Get a new access token. Throws ApiError; `unauthorized` means the session is over. */
  renew() {
    this.renewing ??= this.exchange().finally(() => (this.renewing = null));
    return this.renewing;
  }

  async exchange() {
    const known = this.access !== null;
    try {
      // One tab at a time: a refresh token used twice looks like a stolen one.
      const tokens = await this.locks.request("chat-session", () =>
        this.request("POST", "/session/refresh", this.cookies ? this.byCookie(this.key()) : { token: this.refresh }),
      );
      // A neighbour on another port can put a cookie of its own account in place of ours.
      if (!this.isOurs(tokens.access_token)) throw new ApiError({ code: "unauthorized" });
      this.keep(tokens);
      if (known) this.onRenewed(this.access);
      return this.access;
    } catch (error) {
      if (isRefusal(error)) this.end("expired");
      throw error;
    }
  }

  /** Whether a token is of the user who logged in here, as far as it says. */
  isOurs(token) {
    const { sub } = claimsOf(token);
    return sub === undefined || sub === (this.storage.getItem(MARKER) ?? sub);
  }

  /** Log out, here and on the server. Throws when the server could not be told. */
  logOut() {
    return this.finish("left", (token) => this.request("DELETE", "/session", { token, cookie: this.cookies }), "left");
  }

  /**
   * Do what ends the session on the server, `task(token)`; then it has ended by `reason`. The open
   * sockets may hear of it before the answer comes. Throws what the task throws; when it has ended
   * all the same, by `otherwise`.
   */
  async finish(reason, task, otherwise = "expired") {
    this.finishing = true;
    try {
      await task(await this.token());
    } catch (error) {
      this.finishing = false;
      if (!this.cut && !isRefusal(error)) throw error;
      this.end(otherwise);
      if (otherwise !== reason) throw error;
      return;
    }
    this.finishing = false;
    this.end(reason);
  }

  end(reason) {
    if (this.over) return;
    if (this.finishing) {
      this.cut = true;
      return;
    }
    this.over = true;
    this.timers.clearTimeout(this.timer);
    this.access = null;
    this.refresh = null;
    if (OWN_ENDS.includes(reason)) this.storage.setItem(MARKER, reason); // for the other tabs
    this.storage.removeItem(MARKER);
    this.storage.removeItem(KEY);
    this.onEnded(reason);
  }

  /** Another tab logged in or out: what this tab shows is no longer anyone's. */
  watch(target = globalThis) {
    target.addEventListener("storage", (event) => {
      if (event.key !== MARKER || event.newValue === event.oldValue || this.over) return;
      if (this.finishing) {
        this.cut = true;
        return;
      }
      this.over = true;
      this.timers.clearTimeout(this.timer);
      this.onEnded(OWN_ENDS.includes(event.newValue) ? event.newValue : "elsewhere");
    });
  }
}
