// What one does with messages: write, read, change.

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

  return {
    send(room, text) {
      return outbox.add(room, text);
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
