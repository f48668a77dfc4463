// What one does with files and pictures that are stored.

export function createFileActions({ store, api }) {
  return {
    /** The address by which a file can be saved, for a minute. */
    linkTo: async ({ id }) => (await api.post(`/files/${id}/link`)).url,

    /** Show others a picture of oneself; `options` are those of api.upload(). */
    async setMyPicture(blob, options) {
      store.setMe(await api.upload("/users/me/avatar", blob, { method: "PUT", ...options }));
    },

    async removeMyPicture() {
      store.setMe(await api.delete("/users/me/avatar"));
    },

    async setRoomPicture(roomId, blob, options) {
      store.putRoom(await api.upload(`/rooms/${roomId}/avatar`, blob, { method: "PUT", ...options }));
    },

    async removeRoomPicture(roomId) {
      store.putRoom(await api.delete(`/rooms/${roomId}/avatar`));
    },
  };
}
