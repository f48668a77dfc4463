// Finding messages, and what was said around them.

export function createSearchActions({ store, api }) {
  return {
    /** Resolve to `{messages, words, cursor}`: a page of results, the newest first. */
    findMessages({ query, roomId, cursor }) {
      const params = new URLSearchParams({ q: query, utc_offset: String(-new Date().getTimezoneOffset()) });
      if (roomId) params.set("room_id", store.idOf(roomId));
      if (cursor) params.set("cursor", cursor);
      return api.get(`/search?${params}`);
    },

    /** Resolve to `{before, after}`: the messages on both sides of one, null where there is none. */
    async neighboursOf({ room_id: roomId, seq }) {
      const held = (at) => store.timelines.get(roomId)?.at(at) ?? null;
      let [before, after] = [held(seq - 1), held(seq + 1)];
      if (!before || !after) {
        const answer = await api.get(`/rooms/${roomId}/messages?limit=3&after_seq=${Math.max(0, seq - 2)}`);
        const at = (wanted) => answer.messages.find((one) => one.seq === wanted) ?? null;
        before ??= at(seq - 1);
        after ??= at(seq + 1);
      }
      return { before, after };
    },
  };
}
