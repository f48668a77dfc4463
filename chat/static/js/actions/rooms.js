// What one does with rooms: find a way in, open, change and leave them.

import { pathOf } from "../router.js";

export function createRoomActions({ store, api, router, departures }) {
  const membersAsked = new Map(); // room id -> how often its members were asked for
  const membersShown = new Map(); // room id -> which of these answers is shown
  const membersWanted = new Map(); // room id -> the call of this very moment

  /** Open a room, at the message `seq` if one is named; one that was hidden is wanted again. */
  function goTo(room, seq = null) {
    router.go(pathOf(room, seq));
    if (room.hidden) hide(room.id, false).catch(() => {}); // it is shown while it is open
    return room;
  }

  async function hide(roomId, hidden) {
    store.putRoom(await api.put(`/rooms/${roomId}/hidden`, { hidden }));
  }

  async function askForMembers(roomId) {
    const number = (membersAsked.get(roomId) ?? 0) + 1;
    membersAsked.set(roomId, number);
    const members = await api.get(`/rooms/${roomId}/members`);
    if (number < (membersShown.get(roomId) ?? 0)) return; // a later answer overtook it
    membersShown.set(roomId, number);
    store.putMembers(roomId, members);
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

    /** Open the room with somebody; the server makes it when the first message is sent. */
    openDirect(user) {
      return goTo(store.directRoomWith(user.id) ?? store.putProvisional(user));
    },

    async createGroup(fields) {
      return goTo(store.putRoom(await api.post("/rooms", fields)));
    },

    /** Join a group; whoever is still at its address sees it then. */
    async joinGroup(number) {
      return store.putRoom(await api.post("/rooms/join", { number }));
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

    /** Choose what a room notifies of: "all", "mentions" or "none". */
    async setNotify(roomId, notify) {
      store.putRoom(await api.put(`/rooms/${roomId}/notify`, { notify }));
    },

    /** Let a room stand on top of the list, or no longer. */
    async pinRoom(roomId, pinned) {
      store.putRoom(await api.put(`/rooms/${roomId}/pinned`, { pinned }));
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

    /** Load the members of a room, once for all who ask in one moment: later there may be others. */
    loadMembers(roomId) {
      if (!membersWanted.has(roomId)) {
        membersWanted.set(roomId, askForMembers(roomId));
        queueMicrotask(() => membersWanted.delete(roomId));
      }
      return membersWanted.get(roomId);
    },

    /**
     * Add people to a group, one after the other; resolves to `{added, invited, failed}`, the last of
     * these `[{user, error}]`.
     */
    async addMembers(roomId, users) {
      const [added, invited, failed] = [[], [], []];
      for (const user of users) {
        try {
          const answer = await api.post(`/rooms/${roomId}/members`, { username: user.username });
          (answer.invited ? invited : added).push(user);
        } catch (error) {
          failed.push({ user, error });
        }
      }
      if (added.length) await this.loadMembers(roomId).catch(() => {}); // the pushes tell as well
      return { added, invited, failed };
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
