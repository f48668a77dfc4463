import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { Connection } from "../../../chat/static/js/connection.js";
import { createTimers } from "./helpers.mjs";

/** A socket that does what the test tells it, with the calls the page makes of the real client. */
class Socket extends EventEmitter {
  constructor() {
    super();
    this.connected = false;
    this.io = { engine: null };
    this.listeners = [];
    this.emitted = [];
  }
  onAny(listener) {
    this.listeners.push(listener);
  }
  offAny() {
    this.listeners = [];
  }
  off() {
    this.removeAllListeners();
  }
  connect() {}
  disconnect() {
    this.connected = false;
  }
  accept() {
    this.connected = true;
    this.emit("connect");
  }
  push(name, payload) {
    for (const listener of this.listeners) listener(name, payload);
  }
  timeout() {
    return { emitWithAck: async (...args) => this.emitted.push(args) && { data: {} } };
  }
}

function setUp(session = {}) {
  const opened = [];
  const seen = { events: [], phases: [], online: 0 };
  const timers = createTimers();
  const connection = new Connection({
    timers,
    session: { token: async () => "token", renew: async () => "new token", over: false, ...session },
    open(token) {
      opened.push({ token, direct: new Socket(), group: new Socket() });
      const { direct, group } = opened[opened.length - 1];
      return { direct, group };
    },
    onEvent: (...event) => seen.events.push(event),
    onOnline: () => (seen.online += 1),
    onState: ({ phase }) => seen.phases.push(phase),
  });
  return { connection, opened, seen, timers };
}

const settled = () => new Promise(setImmediate);

test("online means both namespaces", async () => {
  const { connection, opened, seen } = setUp();
  connection.start();
  await settled();
  opened[0].direct.accept();
  await settled();
  assert.equal(connection.online, false);
  opened[0].group.accept();
  await settled();
  assert.equal(connection.online, true);
  assert.equal(seen.online, 1);
  opened[0].group.push("message_created", { id: 1 });
  assert.deepEqual(seen.events, [["group", "message_created", { id: 1 }]]);
});

test("a lost connection is made anew after a wait, or at once when asked for", async () => {
  const { connection, opened, seen, timers } = setUp();
  connection.start();
  await settled();
  opened[0].direct.accept();
  opened[0].group.accept();
  await settled();
  opened[0].group.emit("disconnect", "io server disconnect");
  await settled();
  assert.equal(connection.phase, "waiting");
  assert.ok(timers.next() >= 800 && timers.next() <= 1200);
  await timers.run();
  await settled();
  assert.equal(opened.length, 2);
  opened[1].direct.emit("connect_error", new Error("xhr poll error"));
  await settled();
  assert.equal(connection.phase, "waiting");
  connection.retryNow();
  await settled();
  assert.equal(opened.length, 3);
  assert.deepEqual(seen.phases, ["connecting", "online", "waiting", "connecting", "waiting", "connecting"]);
});

test("a token refused at the door is renewed once, then it waits", async () => {
  let renewals = 0;
  const { connection, opened } = setUp({ renew: async () => ++renewals });
  connection.start();
  await settled();
  opened[0].direct.emit("connect_error", new Error("token_expired"));
  await settled();
  assert.equal(renewals, 1);
  assert.equal(opened.length, 2);
  opened[1].direct.emit("connect_error", new Error("token_expired"));
  await settled();
  assert.equal(renewals, 1);
  assert.equal(connection.phase, "waiting");
});

test("a token refused after an ordinary loss is renewed as well", async () => {
  let renewals = 0;
  const { connection, opened, timers } = setUp({ renew: async () => ++renewals });
  connection.start();
  await settled();
  opened[0].direct.emit("disconnect", "transport close");
  await settled();
  await timers.run();
  await settled();
  opened[1].direct.emit("connect_error", new Error("unauthorized"));
  await settled();
  assert.equal(renewals, 1);
});

test("a closed round is not heard any more", async () => {
  const { connection, opened, seen } = setUp();
  connection.start();
  await settled();
  connection.stop();
  opened[0].direct.push("message_created", {});
  opened[0].direct.accept();
  opened[0].group.accept();
  await settled();
  assert.equal(connection.phase, "stopped");
  assert.deepEqual(seen.events, []);
});

test("session_expired renews the token, which both namespaces are given", async () => {
  let renewals = 0;
  const { connection, opened } = setUp({ renewSoon: () => ++renewals });
  connection.start();
  await settled();
  opened[0].direct.accept();
  opened[0].group.accept();
  await settled();
  opened[0].direct.push("session_expired", {});
  assert.equal(renewals, 1);
  await connection.authenticate("fresh");
  for (const kind of ["direct", "group"]) {
    assert.deepEqual(opened[0][kind].emitted, [["authenticate", { token: "fresh" }]]);
  }
});

test("nothing is emitted without a connection", async () => {
  const { connection } = setUp();
  await assert.rejects(connection.emit("group", "typing", {}), { message: "offline" });
});
