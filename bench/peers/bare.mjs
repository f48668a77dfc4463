// Socket.IO alone: believes what a client says about itself, and keeps nothing.

import { messageOf, start } from "./talk.mjs";

const heads = new Map(); // room id -> last seq
let made = 0;

start({
  roomsOf: async (auth) => ({ user: auth.user, rooms: auth.rooms }),
  store: async (user, payload) => {
    const seq = (heads.get(payload.room_id) ?? 0) + 1;
    heads.set(payload.room_id, seq);
    const id = (++made).toString(16).padStart(24, "0");
    return messageOf(id, user, payload, seq);
  },
});
