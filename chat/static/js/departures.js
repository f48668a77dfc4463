// Why a room is no longer one's own: what is said to somebody who was reading it.

/**
 * Remember what is heard of it. `hear(name, payload)` takes the server's events, `expect(roomId,
 * reason)` what this page itself is about to do; `reason(roomId)` is "left", "deleted", "removed" or
 * "unknown".
 */
export function createDepartures(userId) {
  const reasons = new Map(); // by room id

  return {
    hear(name, { room_id: roomId, user_id: who, id }) {
      if (name === "room_created") reasons.delete(id); // back again
      else if (name === "room_deleted" && !reasons.has(roomId)) reasons.set(roomId, "deleted");
      else if (name === "member_left" && who === userId && !reasons.has(roomId)) {
        reasons.set(roomId, "removed");
      }
    },

    /** Do what ends one's membership; the event of it may come before the answer. */
    async expect(roomId, reason, task) {
      reasons.set(roomId, reason);
      try {
        await task();
      } catch (error) {
        reasons.delete(roomId);
        throw error;
      }
    },

    /** Forget why rooms were left that are one's own again. */
    forget(roomIds) {
      for (const id of roomIds) reasons.delete(id);
    },

    reason: (roomId) => reasons.get(roomId) ?? "unknown",
  };
}
