// What one does with rooms: find a way in, open, change and leave them.

import { pathOf } from "../router.js";

export function createRoomActions({ store, api, router, departures }) {
  const membersAsked = new Map(); // room id -> how often its members were asked for
  const membersShown = new Map(); // room id -> which of these answers is shown

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

  return {
    goTo,

    /** Open the room `step` places further down in the list, or further up for a negative one. */
    goBy(step, roomId) {
      const rooms = store.shownRooms(roomId);
      const at = rooms.findIndex(({ id }) => id === roomId);
      const next = rooms[at < 0 ? (step > 0 ? 0 : rooms.length - 1) : at + step];
      if (next) goTo(next);
    },

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
  };
}
