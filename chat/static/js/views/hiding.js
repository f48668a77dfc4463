// Hiding a direct room until its next message.

import { t } from "../i18n.js";
import { roomOf } from "../router.js";

/** Hide a room, leave it where it is open, and say how it is found; `done()` once it is hidden. */
export async function hideRoom({ store, actions, router, toast }, room, done = () => {}) {
  const name = store.titleOf(room);
  await actions.hide(room.id, true);
  done();
  if (roomOf(router.current(), store.rooms.values())?.id === room.id) router.goHome();
  toast(t("hide.done", { name }));
}
