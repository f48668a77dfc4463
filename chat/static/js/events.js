// What each pushed event changes in the store.

const TYPING_MS = 5_000;

/** Apply one event; those of a newer server that nobody knows here are left out. */
export function applyEvent(store, name, payload) {
  APPLY[name]?.(store, payload);
}

const APPLY = {
  message_created: (store, message) => store.putMessage(message),

  messages_changed: (store, changes) => store.putChanges(changes),

  message_read(store, { room_id: roomId, user_id: userId, seq }) {
    if (userId === store.me.id) store.markRead(roomId, seq);
    else {
      store.keepReadMark(roomId, userId, seq);
      store.notify(`timeline:${roomId}`);
    }
  },

  user_typing(store, { room_id: roomId, user_id: userId }) {
    if (!store.typing.has(roomId)) store.typing.set(roomId, new Map());
    store.typing.get(roomId).set(userId, store.now() + TYPING_MS);
    store.notify(`typing:${roomId}`);
  },

  presence_changed(store, { user_id: userId, online }) {
    const user = store.users.get(userId);
    if (!user) return;
    user.online = online;
    const keys = [...store.rooms.values()]
      .filter((room) => room.peer?.id === userId || store.members.has(room.id))
      .flatMap((room) => [`room:${room.id}`, `members:${room.id}`]);
    store.notify("rooms", ...keys);
  },

  user_changed(store, user) {
    store.keepUser(user);
    if (user.id === store.me.id) store.setMe({ ...store.me, ...user });
    const rooms = [...store.rooms.keys()];
    store.notify("rooms", ...rooms.flatMap((id) => [`room:${id}`, `members:${id}`, `timeline:${id}`]));
  },

  room_created(store, room) {
    // A push does not tell who the other one is: without that a direct room has no name.
    if (room.kind === "direct" && !store.rooms.has(room.id)) store.onUnknownRoom(room.id);
    else store.putRoom(room);
  },

  room_updated(store, room) {
    if (store.rooms.has(room.id)) store.putRoom(room);
    store.notify(`roles:${room.id}`);
  },

  room_settings_changed(store, { room_id: roomId, ...settings }) {
    if (store.rooms.has(roomId)) store.putRoom({ ...store.rooms.get(roomId), ...settings });
  },

  room_deleted: (store, { room_id: roomId }) => store.dropRoom(roomId),

  invitation_received(store, request) {
    store.requests.set(request.id, request);
    store.notify("rooms");
  },

  member_joined(store, { room_id: roomId, user }) {
    store.keepUser(user);
    store.notify(`roles:${roomId}`, `timeline:${roomId}`);
  },

  member_left(store, { room_id: roomId, user_id: userId }) {
    const room = store.rooms.get(roomId);
    if (userId === store.me.id) store.dropRoom(roomId);
    else if (room?.kind === "direct") {
      // nobody leaves these but with their account
      room.peer = null;
      store.gone.add(userId);
      store.peopleRev += 1;
      store.notify("rooms", `room:${roomId}`, `timeline:${roomId}`);
    } else store.notify(`roles:${roomId}`);
  },
};
