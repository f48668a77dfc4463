// The user's verbs: what the views call.

import { pathOf } from "./router.js";

const TYPING_MS = 3_000;
const READ_MS = 300;

export function createActions({ store, api, outbox, history, router, emit, departures }) {
  const readUpTo = new Map(); // room id -> seq not told to the server yet
  const typedAt = new Map();
  const membersAsked = new Map(); // room id -> how often its members were asked for
  const membersShown = new Map(); // room id -> which of these answers is shown
  let readTimer = null;

  /** Open a room; one that was hidden is wanted again. */
  function goTo(room) {
    router.go(pathOf(room));
    if (room.hidden) hide(room.id, false).catch(() => {}); // it is shown while it is open
    return room;
  }

  async function hide(roomId, hidden) {
    store.putRoom(await api.put(`/rooms/${roomId}/hidden`, { hidden }));
  }

  /** Answer a membership request; one that is gone is no longer shown either. */
  async function answerRequest(id, answer) {
    try {
      const room = await answer();
      store.dropRequest(id);
      return room;
    } catch (error) {
      if (error.code === "not_found") store.dropRequest(id);
      throw error;
    }
  }

  async function tellRead() {
    readTimer = null;
    for (const [roomId, seq] of [...readUpTo]) {
      const room = store.rooms.get(roomId);
      if (!room) {
        readUpTo.delete(roomId);
        continue;
      }
      try {
        const ack = await emit(room.kind, "mark_read", { room_id: roomId, seq });
        if (ack.error?.code === "unavailable") continue;
        if (readUpTo.get(roomId) === seq) readUpTo.delete(roomId);
      } catch {
        return; // told with the next mark or the next connection
      }
    }
  }

  return {
    ...history,

    goTo,

    /** Open the room `step` places further down in the list, or further up for a negative one. */
    goBy(step, roomId) {
      const rooms = store.shownRooms(roomId);
      const at = rooms.findIndex(({ id }) => id === roomId);
      const next = rooms[at < 0 ? (step > 0 ? 0 : rooms.length - 1) : at + step];
      if (next) goTo(next);
    },

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
      const now = Date.now();
      if (now - (typedAt.get(room.id) ?? 0) < TYPING_MS) return;
      typedAt.set(room.id, now);
      emit(room.kind, "typing", { room_id: room.id }).catch(() => typedAt.delete(room.id));
    },

    findUsers: (query) => api.get(`/users?q=${encodeURIComponent(query)}`),

    user: (username) => api.get(`/users/${encodeURIComponent(username)}`),

    async startDirect(username) {
      return goTo(store.putRoom(await api.post("/rooms/direct", { username })));
    },

    async createGroup(fields) {
      return goTo(store.putRoom(await api.post("/rooms", fields)));
    },

    async joinGroup(number) {
      return goTo(store.putRoom(await api.post("/rooms/join", { number })));
    },

    async editGroup(roomId, fields) {
      store.putRoom(await api.patch(`/rooms/${roomId}`, fields));
    },

    async renewNumber(roomId) {
      store.putRoom(await api.post(`/rooms/${roomId}/number`));
    },

    invitations: (roomId) => api.get(`/rooms/${roomId}/invitations`),

    makeInvitation: (roomId, fields) => api.post(`/rooms/${roomId}/invitations`, fields),

    revokeInvitation: (roomId, id) => api.delete(`/rooms/${roomId}/invitations/${id}`),

    lookAtInvitation: (token) => api.get(`/invitations/${token}`),

    async joinByInvitation(token) {
      return goTo(store.putRoom(await api.post(`/invitations/${token}`)));
    },

    async mute(roomId, muted) {
      store.putRoom(await api.put(`/rooms/${roomId}/muted`, { muted }));
    },

    hide,

    async block(userId) {
      await api.put(`/users/me/blocks/${userId}`);
      store.setBlocked(userId, true);
    },

    async unblock(userId) {
      await api.delete(`/users/me/blocks/${userId}`);
      store.setBlocked(userId, false);
    },

    async loadBlocks() {
      const users = await api.get("/users/me/blocks");
      store.putBlocks(users);
      return users;
    },

    async loadRequests() {
      store.putRequests(await api.get("/users/me/invitations"));
    },

    async acceptRequest(id) {
      const room = await answerRequest(id, () => api.post(`/users/me/invitations/${id}`));
      goTo(store.putRoom(room));
    },

    declineRequest: (id) => answerRequest(id, () => api.delete(`/users/me/invitations/${id}`)),

    async leaveGroup(roomId) {
      await departures.expect(roomId, "left", () =>
        api.delete(`/rooms/${roomId}/members/${store.me.id}`),
      );
      store.dropRoom(roomId);
    },

    async deleteGroup(roomId) {
      await departures.expect(roomId, "deleted", () => api.delete(`/rooms/${roomId}`));
      store.dropRoom(roomId);
    },

    async loadMembers(roomId) {
      const number = (membersAsked.get(roomId) ?? 0) + 1;
      membersAsked.set(roomId, number);
      const members = await api.get(`/rooms/${roomId}/members`);
      if (number < (membersShown.get(roomId) ?? 0)) return; // a later answer overtook it
      membersShown.set(roomId, number);
      store.putMembers(roomId, members);
    },

    /** Add somebody to a group; resolves to whether they were asked first. */
    async addMember(roomId, username) {
      const answer = await api.post(`/rooms/${roomId}/members`, { username });
      await this.loadMembers(roomId);
      return Boolean(answer.invited);
    },

    async setRole(roomId, userId, role) {
      await api.patch(`/rooms/${roomId}/members/${userId}`, { role });
      await this.loadMembers(roomId);
    },

    async removeMember(roomId, userId) {
      await api.delete(`/rooms/${roomId}/members/${userId}`);
      await this.loadMembers(roomId);
    },

    async fetchRoom(roomId) {
      return store.putRoom(await api.get(`/rooms/${roomId}`));
    },

    sessions: () => api.get("/session"),

    endSession: (id) => api.delete(`/session/${id}`),

    async editMe(fields) {
      store.setMe(await api.patch("/users/me", fields));
    },
  };
}
