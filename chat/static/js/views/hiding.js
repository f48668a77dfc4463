// Hiding a direct room until its next message.

import { t } from "../i18n.js";

/** Hide a room, leave it where it is open, and say how it is found; `done()` once it is hidden. */
export async function hideRoom({ store, actions, router, openRoom, toast }, room, done = () => {}) {
  const name = store.titleOf(room);
  await actions.hide(room.id, true);
  done();
  if (openRoom()?.id === room.id) router.goHome();
  toast(t("hide.done", { name }));
}
