// The page of one who is logged in: puts the parts together.

import "./main.js"; // has loaded this: tells the bundler that all of it is here already
import { Manager } from "../vendor/socket.io.esm.min-4.8.4.js";
import { createActions } from "./actions/index.js";
import { request, withPresentIds } from "./api.js";
import { Connection, openSockets } from "./connection.js";
import { createDepartures } from "./departures.js";
import { errorText } from "./errors.js";
import { isPicture } from "./files/kinds.js";
import { Pictures } from "./files/pictures.js";
import { createUploads } from "./files/uploads.js";
import { createHistory } from "./history.js";
import { t } from "./i18n.js";
import { keepStart } from "./kept_start.js";
import { createPart } from "./lazy.js";
import { locks } from "./locks.js";
import { createNotifier } from "./notify.js";
import { Outbox } from "./outbox.js";
import { createKeeper } from "./outbox_keeper.js";
import { createProbe } from "./probe.js";
import { isProvisional } from "./provisional.js";
import { createPush } from "./push.js";
import { createRouter } from "./router.js";
import { isGoodbye } from "./session.js";
import { forgetChoices, forgetDrafts, keepLocale, moveDraft } from "./storage.js";
import { Store } from "./store.js";
import { createCatchUp, createSync } from "./sync.js";
import { showAvatarsOf } from "./views/avatar.js";
import { previewPath } from "./views/message_files.js";
import { createShell } from "./views/shell.js";

const SYNC_MS = 5 * 60 * 1000;
const FRESH_MS = 30 * 1000; // a moment in which nobody looked has missed nothing

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID needs https
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Make the page of a user. First `load(rooms)`: `rooms` are those that were kept, or null to ask the
 * server. Then `show()`.
 */
export function createApp({ user, session, api: plainApi, useLocale, forgetful }) {
  const store = new Store({
    onUnknownRoom: (id) => fetchRoom(id),
    onBegun(provisional, room) {
      moveDraft(user.id, provisional, room.id);
      outbox.begin(provisional, room);
    },
    onGone(id) {
      forgetDrafts(user.id, (other) => other === id);
      pictures.drop({ room: id });
    },
  });
  const api = withPresentIds(plainApi, store);
  store.setMe(user);
  let shell = null;
  const pictures = new Pictures({ fetchBlob: api.blob, wait });
  const avatars = new Pictures({ fetchBlob: api.blob, wait, most: 400, bytes: 24 * 1024 * 1024 });
  const uploads = createUploads(api.upload);
  showAvatarsOf(avatars);

  const connection = new Connection({
    open: (token) => openSockets(Manager, token),
    session,
    onState: (state) => store.setConnection(state),
    onOnline: () => catchUp(),
    async onEvent(kind, name, payload) {
      departures.hear(name, payload);
      if (name === "message_created" && !store.rooms.has(payload.room_id)) await fetchRoom(payload.room_id);
      store.apply(name, payload);
      if (name === "messages_changed") {
        heard(payload.room_id);
        payload.messages.forEach(settle);
        for (const one of payload.messages) if (one.deleted_at) pictures.drop({ message: one.id });
        notifier.changed(payload.messages);
      }
      if (name !== "message_created") return;
      heard(payload.room_id);
      outbox.settle(payload);
      shell?.hear(store.latest(payload));
      notifier.arrived(payload);
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
    async stored(message) {
      if (!store.rooms.has(message.room_id)) await fetchRoom(message.room_id); // it has begun just now
      store.putMessage(message);
      heard(message.room_id);
    },
    changed(roomId) {
      store.setUnsent(roomId, outbox.list(roomId).length > 0);
      store.notify(`timeline:${roomId}`);
    },
    wait,
    find: (roomId, seq) => actions.find(roomId, seq),
    makeId,
    files: {
      uploads,
      begin: async ({ username }) => store.putRoom(await api.post("/rooms/direct", { username })),
      uploaded: (file, id) => isPicture(file) && pictures.adopt(file.key, previewPath({ id })),
    },
    notKept: () => app.toast?.(t("files.not_kept")),
  });
  const router = createRouter((route) => shell?.follow(route));
  const settle = (message) => outbox.settle(message);
  const history = createHistory({ store, api, settle, reload: startRoomOver });
  const departures = createDepartures(user.id);
  const actions = createActions({ store, api, outbox, history, router, emit, departures });
  const heard = createProbe({ store, refresh: history.refresh, online });
  const sync = createSync({ store, api, emit, reload: startRoomOver, startOver });
  const push = createPush({
    userId: user.id,
    api,
    async open(roomId, seq) {
      if (!store.rooms.has(roomId)) await fetchRoom(roomId);
      const room = store.rooms.get(roomId);
      if (room) actions.goTo(room, seq);
    },
  });
  const notifier = createNotifier({ store, locks, wait, open: (room) => actions.goTo(room), push });
  const parts = createPart(() => import("./later.js"), (error) => app.toast(errorText(error)));
  const app = { store, api, session, outbox, connection, actions, router, departures, pictures, uploads, push, parts };

  let syncedAt = 0;
  let away = false; // begun without the server, with what was kept
  const catchUp = createCatchUp({
    async run() {
      await sync.run();
      await actions.loadRequests();
      if (away) store.setMe(await api.get("/users/me"));
      away = false;
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
    if (record.peer) giveRoom(record);
    else if (!store.rooms.has(record.room_id)) outbox.remove(clientId);
    const held = store.timelines.get(record.room_id)?.messages ?? [];
    const stored = held.find((one) => one.client_id === clientId && one.user_id === user.id);
    if (stored) outbox.settle(stored);
  }

  /** Give a record the room with its peer: the one there is by now, else a provisional one. */
  function giveRoom({ room_id: roomId, peer }) {
    if (store.rooms.has(roomId)) return;
    const room = store.directRoomWith(peer.id);
    if (room) {
      outbox.begin(roomId, room);
      return;
    }
    store.putProvisional(peer);
    store.setUnsent(roomId, true);
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
    store.putRooms(rooms, store.knownIds());
    store.setMe(me);
  }

  const fetching = new Map(); // room id -> promise
  function fetchRoom(roomId) {
    if (!fetching.has(roomId)) {
      const fetched = actions
        .fetchRoom(roomId)
        .catch(() => {}) // gone again, or no network: the next sync tells
        .finally(() => fetching.delete(roomId));
      fetching.set(roomId, fetched);
    }
    return fetching.get(roomId);
  }

  app.load = async (keptRooms) => {
    away = keptRooms !== null;
    const [rooms, keeps] = await Promise.all([
      keptRooms ?? api.get("/rooms"),
      keeper.works(),
      outbox.load(),
      away || actions.loadRequests(),
    ]);
    store.putRooms(rooms, []);
    // Of rooms that were left while this page was closed:
    if (!away) forgetDrafts(user.id, (id) => !store.rooms.has(id) && !isProvisional(id));
    for (const record of outbox.records.values()) if (record.peer) giveRoom(record);
    keepStart(store);
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
      forgetChoices(user.id);
      await Promise.all([outbox.clear(), push.end()]);
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
  const keep = () => session.over || keepStart(store);
  addEventListener("pagehide", () => {
    actions.tellRead();
    keep();
  });
  addEventListener("online", () => connection.retryNow());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") {
      keep(); // a phone may end the page without another word
      return;
    }
    connection.retryNow();
    if (connection.online && Date.now() - syncedAt > FRESH_MS) catchUp();
  });
  setInterval(() => connection.online && catchUp(), SYNC_MS);
  return app;
}
