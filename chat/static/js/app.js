// The page of one who is logged in: puts the parts together.

import { Manager } from "../vendor/socket.io.esm.min-4.8.4.js";
import { createActions } from "./actions/index.js";
import { request } from "./api.js";
import { Connection, openSockets } from "./connection.js";
import { createDepartures } from "./departures.js";
import { createHistory } from "./history.js";
import { locks } from "./locks.js";
import { createNotifier } from "./notify.js";
import { Outbox } from "./outbox.js";
import { createKeeper } from "./outbox_keeper.js";
import { createProbe } from "./probe.js";
import { createRouter } from "./router.js";
import { isGoodbye } from "./session.js";
import { forgetDrafts, forgetEmojiHabits, forgetNotifying, keepLocale } from "./storage.js";
import { Store } from "./store.js";
import { createCatchUp, createSync } from "./sync.js";
import { createShell } from "./views/shell.js";

const SYNC_MS = 5 * 60 * 1000;
const FRESH_MS = 30 * 1000; // a moment in which nobody looked has missed nothing

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID needs https
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Make the page of a user: `load()` what it begins with, then `show()` it. */
export function createApp({ user, session, api, useLocale, forgetful }) {
  const store = new Store({ onUnknownRoom: (id) => fetchRoom(id) });
  store.setMe(user);
  let shell = null;

  const connection = new Connection({
    open: (token) => openSockets(Manager, token),
    session,
    onState: (state) => store.setConnection(state),
    onOnline: () => catchUp(),
    onEvent(kind, name, payload) {
      departures.hear(name, payload);
      store.apply(name, payload);
      if (name === "messages_changed") {
        heard(payload.room_id);
        payload.messages.forEach(settle);
      }
      if (name !== "message_created") return;
      heard(payload.room_id);
      outbox.settle(payload);
      shell?.hear(store.latest(payload));
      notify(payload);
    },
  });
  const online = () => connection.online;
  const emit = (kind, event, payload) => connection.emit(kind, event, payload);
  const keeper = createKeeper(user.id, (clientId) => outbox.changedElsewhere(clientId));
  const outbox = new Outbox({
    userId: user.id,
    keeper,
    emit,
    online,
    lock: (name, task) => locks.request(name, task),
    stored(message) {
      store.putMessage(message);
      heard(message.room_id);
    },
    changed: (roomId) => store.notify(`timeline:${roomId}`),
    wait,
    makeId,
  });
  const router = createRouter((route) => shell?.follow(route));
  const settle = (message) => outbox.settle(message);
  const history = createHistory({ store, api, settle, reload: startRoomOver });
  const departures = createDepartures(user.id);
  const actions = createActions({ store, api, outbox, history, router, emit, departures });
  const heard = createProbe({ store, refresh: history.refresh, online });
  const sync = createSync({ store, api, emit, reload: startRoomOver, startOver });
  const notify = createNotifier({ store, locks, wait, open: (room) => actions.goTo(room) });
  const app = { store, api, session, outbox, connection, actions, router, departures };

  let syncedAt = 0;
  const catchUp = createCatchUp({
    async run() {
      await sync.run();
      await actions.loadRequests();
    },
    online,
    worked() {
      syncedAt = Date.now();
      for (const id of [...outbox.records.keys()]) review(id);
      departures.forget(store.rooms.keys());
      store.forgetMembers();
      outbox.resume();
      actions.tellRead();
    },
    failed: () => outbox.resume(), // it need not wait: sent twice, it is stored once
  });

  /** Drop a record of a room that is gone, or whose message came in by another way. */
  function review(clientId) {
    const record = outbox.records.get(clientId);
    if (!store.rooms.has(record.room_id)) outbox.remove(clientId);
    const held = store.timelines.get(record.room_id)?.messages ?? [];
    const stored = held.find((one) => one.client_id === clientId && one.user_id === user.id);
    if (stored) outbox.settle(stored);
  }

  /** The server does not know what was held of a room: forget all of it and load it again. */
  async function startRoomOver(roomId) {
    actions.forgetRead(roomId);
    store.forgetLog(roomId);
    await fetchRoom(roomId);
    store.notify(`timeline:${roomId}`);
  }

  /** The database was restored: forget all that came from it. What is unsent or a draft stays. */
  async function startOver() {
    const [me, rooms] = await Promise.all([api.get("/users/me"), api.get("/rooms")]);
    actions.forgetRead();
    store.forgetPast();
    store.putRooms(rooms, [...store.rooms.keys()]);
    store.setMe(me);
  }

  const fetching = new Set();
  async function fetchRoom(roomId) {
    if (fetching.has(roomId)) return;
    fetching.add(roomId);
    try {
      await actions.fetchRoom(roomId);
    } catch {
      return; // gone again, or no network: the next sync tells
    } finally {
      fetching.delete(roomId);
    }
  }

  app.load = async () => {
    const [rooms, keeps] = await Promise.all([
      api.get("/rooms"),
      keeper.works(),
      outbox.load(),
      actions.loadRequests(),
    ]);
    store.putRooms(rooms, []);
    app.warning = forgetful ? "storage.blocked" : keeps ? null : "storage.no_outbox";
  };

  app.show = () => {
    shell?.stop();
    shell = createShell(app);
    document.getElementById("app").replaceChildren(shell.root);
    shell.start();
    connection.start();
  };

  app.answerInvitation = () => shell?.answerInvitation(); // else once it is there

  app.chooseLocale = (name) => {
    keepLocale(name);
    useLocale(name);
    app.show();
    actions.editMe({ locale: name }).catch(() => {}); // this browser remembers it anyway
  };

  app.logOut = async () => {
    await session.logOut(); // leaves the page when done
  };

  // Both leave the page when done.
  app.changePassword = (body) =>
    session.finish("changed", (token) => request("PUT", "/users/me/password", { body, token }));

  app.deleteAccount = (body) =>
    session.finish("deleted", (token) => request("DELETE", "/users/me", { body, token, cookie: true }));

  const ended = session.onEnded;
  session.onEnded = async (reason) => {
    connection.stop();
    shell?.stop(); // an open composer keeps its draft: before all drafts are forgotten
    if (isGoodbye(reason)) {
      forgetDrafts(user.id);
      forgetEmojiHabits(user.id);
      forgetNotifying(user.id);
      await outbox.clear();
    }
    ended(reason);
  };
  session.onRenewed = (token) => connection.authenticate(token);
  session.watch();
  store.subscribe((key) => {
    const [, roomId] = /^timeline:(.*)$/.exec(key) ?? [];
    const { hasGap, isBehind } = store.timelines.get(roomId) ?? {};
    if (hasGap || isBehind) heard(roomId);
  });
  addEventListener("pagehide", () => actions.tellRead());
  addEventListener("online", () => connection.retryNow());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    connection.retryNow();
    if (connection.online && Date.now() - syncedAt > FRESH_MS) catchUp();
  });
  setInterval(() => connection.online && catchUp(), SYNC_MS);
  return app;
}
