// The card of a person: who they are, and what one can do with them.

import { h } from "../dom.js";
import { nameOf } from "../store.js";
import { avatar } from "./avatar.js";
import { openDialog } from "./dialog.js";

/** Open the card of a user; `anchor` is what was clicked. */
export function openCard(app, user) {
  const name = nameOf(user);
  const body = h("div", { class: "person" }, avatar(user, name), h("bdi", {}, `@${user.username}`));
  return openDialog({ title: name, body });
}
