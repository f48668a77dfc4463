// What one does with people: find and block others, look after one's own account.

export function createPeopleActions({ store, api }) {
  return {
    findUsers: (query) => api.get(`/users?q=${encodeURIComponent(query)}`),

    user: (username) => api.get(`/users/${encodeURIComponent(username)}`),

    /** Fetch a user again, so that what is shown of them is up to date. */
    async lookUp(username) {
      store.keepUser(await this.user(username));
    },

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

    sessions: () => api.get("/session"),

    endSession: (id) => api.delete(`/session/${id}`),

    async editMe(fields) {
      store.setMe(await api.patch("/users/me", fields));
    },
  };
}
