// Both namespaces over one Socket.IO connection, with a reconnection whose waiting can be shown.

import { backoff } from "./backoff.js";

const NAMESPACES = { direct: "/direct", group: "/group" };
const ACK_MS = 5_000;
const OPEN_MS = 10_000;

/**
 * Stay connected. `open(path, token)` makes a fresh pair of sockets (see `openSockets`).
 * `onEvent(kind, name, payload)` gets what the server pushes, `onOnline()` every new connection,
 * `onState({phase, retryAt, attempt})` the phases "connecting", "online", "waiting".
 */
export class Connection {
  constructor({ open, session, onEvent, onOnline, onState, timers = globalThis }) {
    Object.assign(this, { open, session, onEvent, onOnline, onState, timers });
    this.sockets = null;
    this.phase = "stopped";
    this.attempt = 0;
    this.renewed = false;
    this.timer = null;
    this.round = 0; // what a superseded round still reports is ignored
  }

  get online() {
    return this.phase === "online";
  }

  start() {
    if (this.phase === "stopped") this.connect();
  }

  stop() {
    this.round += 1;
    this.timers.clearTimeout(this.timer);
    this.closeSockets();
    this.setPhase("stopped");
  }

  /** Do not wait any longer. */
  retryNow() {
    if (this.phase !== "waiting") return;
    this.timers.clearTimeout(this.timer);
    this.connect();
  }

  async connect() {
    const round = ++this.round;
    this.setPhase("connecting");
    try {
      const token = await this.session.token();
      if (round !== this.round) return;
      this.sockets = this.open(token);
      await this.established(round);
      if (round !== this.round) return;
      this.attempt = 0;
      this.renewed = false;
      this.setPhase("online");
      this.onOnline();
    } catch (error) {
      if (round !== this.round) return;
      await this.failed(error, round);
    }
  }

  established(round) {
    const sockets = Object.entries(this.sockets);
    let missing = sockets.length;
    return new Promise((resolve, reject) => {
      const deadline = this.timers.setTimeout(() => reject(new Error("timeout")), OPEN_MS);
      const done = (finish, value) => {
        this.timers.clearTimeout(deadline);
        finish(value);
      };
      for (const [kind, socket] of sockets) {
        socket.onAny((name, payload) => {
          if (round === this.round) this.received(kind, name, payload);
        });
        socket.on("connect", () => {
          missing -= 1;
          if (missing === 0) done(resolve);
        });
        socket.on("connect_error", (error) => done(reject, error));
        socket.on("disconnect", (reason) => {
          if (round !== this.round) return;
          if (this.phase === "online") this.failed(new Error(reason), round);
          else done(reject, new Error(reason));
        });
        socket.connect();
      }
    });
  }

  received(kind, name, payload) {
    if (name === "session_expired") {
      // Either the token is about to end, then a new one is given in; or the session has ended,
      // then renewing says so and the page logs out.
      this.session.renewSoon();
      return;
    }
    this.onEvent(kind, name, payload);
  }

  async failed(error, round) {
    this.closeSockets();
    const stale = error.message === "token_expired" || error.message === "unauthorized";
    if (stale && !this.renewed) {
      this.renewed = true; // once an outage: a fresh token refused is no reason for yet another
      try {
        await this.session.renew();
        if (round === this.round) this.connect();
        return;
      } catch {
        if (round !== this.round) return; // the session is over; or no network: wait below
      }
    }
    if (this.session.over) return this.stop();
    const wait = backoff(this.attempt);
    this.attempt += 1;
    this.timer = this.timers.setTimeout(() => this.connect(), wait);
    this.setPhase("waiting", Date.now() + wait);
  }

  closeSockets() {
    const sockets = this.sockets;
    this.sockets = null;
    for (const socket of Object.values(sockets ?? {})) {
      socket.offAny();
      socket.off();
      socket.disconnect();
    }
    Object.values(sockets ?? {})[0]?.io.engine?.close();
  }

  setPhase(phase, retryAt = null) {
    this.phase = phase;
    this.onState({ phase, retryAt, attempt: this.attempt });
  }

  /** Emit and wait for the ack. Throws when not connected and when no ack comes in time. */
  async emit(kind, event, payload) {
    const socket = this.sockets?.[kind];
    if (!this.online || !socket?.connected) throw new Error("offline");
    return socket.timeout(ACK_MS).emitWithAck(event, payload);
  }

  /** Give a new access token in, so that the server keeps the connection. */
  async authenticate(token) {
    if (!this.online) return;
    const acks = Object.keys(this.sockets).map((kind) => this.emit(kind, "authenticate", { token }));
    await Promise.allSettled(acks); // a refused one is disconnected by the server, and comes back
  }
}

/** Make both sockets over one new connection, not yet connecting. */
export function openSockets(Manager, token) {
  const manager = new Manager(location.origin, {
    reconnection: false,
    autoConnect: false,
    timeout: OPEN_MS,
    transports: ["websocket", "polling"],
    tryAllTransports: true, // networks that block WebSocket exist
  });
  return Object.fromEntries(
    Object.entries(NAMESPACES).map(([kind, name]) => [kind, manager.socket(name, { auth: { token } })]),
  );
}
