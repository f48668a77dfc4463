// What one does with messages: write, read, change.

import { ApiError } from "../answer.js";

const TYPING_MS = 3_000;
const READ_MS = 300;

export function createMessageActions({ store, api, outbox, emit }) {
  const readUpTo = new Map(); // room id -> seq not told to the server yet
  const typedAt = new Map();
  let readTimer = null;

  async function tellRead() {
    readTimer = null;
    for (const [roomId, seq] of [...readUpTo]) {
      const room = store.rooms.get(roomId);
      if (!room) {
        readUpTo.delete(roomId);
        continue;
      }
      try {
        const ack = await emit(room.kind, "mark_read", { room_id: room.id, seq });
        if (ack.error?.code === "unavailable") continue;
        if (readUpTo.get(roomId) === seq) readUpTo.delete(roomId);
      } catch {
        return; // told with the next mark or the next connection
      }
    }
  }

  /** Change a message; resolves to what it has become. Throws ApiError. */
  async function change(event, message, fields) {
    const { room_id: roomId, seq } = message;
    let ack;
    try {
      ack = await emit(store.rooms.get(roomId)?.kind, event, { room_id: roomId, seq, ...fields });
    } catch (error) {
      throw new ApiError({ code: error.message === "offline" ? "network" : "unavailable" });
    }
    if (ack.error) throw new ApiError(ack.error);
    store.putCopy(ack.data);
    return ack.data;
  }

  return {
    /** Send a text and files; `quote` is the message it answers, as messages carry it in `reply_to`. */
    send(room, text, quote = null, files = []) {
      return outbox.add(room, text, quote, files);
    },

    /** The message with a seq, the one that is held or the server's; null where there is none. */
    async find(roomId, seq) {
      const held = store.timelines.get(roomId)?.at(seq);
      if (held) return held;
      try {
        return await api.get(`/rooms/${roomId}/messages/${seq}`);
      } catch (error) {
        if (error.code === "not_found") return null;
        throw error;
      }
    },

    edit: (message, data) => change("edit_message", message, { data }),

    remove: (message) => change("delete_message", message),

    pin: (message, on) => change("pin_message", message, { on }),

    /** React, or take that back; it shows at once. */
    async react(message, emoji, on) {
      const wish = { roomId: message.room_id, seq: message.seq, emoji, on };
      store.wish(wish);
      try {
        await change("react", message, { emoji, on });
        store.settle(wish);
      } catch (error) {
        store.settle(wish, { refused: true });
        throw error;
      }
    },

    /** Ask who reacted; resolves to a page of `{user, emoji, rev}` after a rev. */
    reactionsOf: ({ room_id: roomId, seq }, emoji, after) =>
      api.get(`/rooms/${roomId}/messages/${seq}/reactions?${new URLSearchParams({ ...(emoji && { emoji }), after })}`),

    async loadPins(roomId) {
      store.putPins(roomId, await api.get(`/rooms/${roomId}/pins`));
    },

    /** Note that everything up to `seq` was seen. */
    markRead(roomId, seq) {
      if (!store.markRead(roomId, seq)) return;
      readUpTo.set(roomId, seq);
      readTimer ??= setTimeout(tellRead, READ_MS);
    },

    tellRead,

    /** Forget what was seen of a room, or of all: it is not in the log any more. */
    forgetRead(roomId = null) {
      if (roomId === null) readUpTo.clear();
      else readUpTo.delete(roomId);
    },

    /** Let the others know; they see it for five seconds. */
    typing(room) {
      if (room.provisional) return; // nobody else is there
      const now = Date.now();
      if (now - (typedAt.get(room.id) ?? 0) < TYPING_MS) return;
      typedAt.set(room.id, now);
      emit(room.kind, "typing", { room_id: room.id }).catch(() => typedAt.delete(room.id));
    },
  };
}
