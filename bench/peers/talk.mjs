// What both Node peers have in common: the wire of the measured server, as far as the bench uses it.
//
// `start` serves two namespaces. A client that enters one joins the rooms that `roomsOf(auth)` names;
// `send_message` of a member is made a message by `store`, pushed to its room, and acked.

import { createServer } from "node:http";
import { Server } from "socket.io";

export function start({ roomsOf, store }) {
  const http = createServer();
  const io = new Server(http);
  for (const [name, kind] of [["/group", "group"], ["/direct", "direct"]]) {
    const namespace = io.of(name);
    namespace.use(async (socket, next) => {
      try {
        const { user, rooms } = await roomsOf(socket.handshake.auth, kind);
        socket.data.user = user;
        socket.join(rooms);
        next();
      } catch (error) {
        next(error);
      }
    });
    namespace.on("connection", (socket) => {
      socket.on("send_message", async (payload, ack) => {
        try {
          if (!socket.rooms.has(payload.room_id)) throw new Error("not_found");
          const message = await store(socket.data.user, payload);
          namespace.to(payload.room_id).emit("message_created", message);
          ack({ data: message });
        } catch (error) {
          ack({ error: { code: error.message } });
        }
      });
    });
  }
  http.listen(0, "127.0.0.1", () => console.log(http.address().port));
}

export function messageOf(id, user, payload, seq) {
  const now = Date.now();
  return {
    id,
    room_id: payload.room_id,
    user_id: user.id,
    username: user.username,
    seq,
    client_id: payload.client_id,
    kind: "text",
    data: payload.data,
    created_at: now,
    updated_at: now,
  };
}
