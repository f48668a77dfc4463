// The line that names an inviter; a click on the name opens their card.

import { h } from "../dom.js";
import { tAround } from "../i18n.js";
import { nameOf } from "../store.js";

/** The line of a text `key` that has places for `name` and `username`. */
export function inviterLine(app, key, inviter) {
  const show = (event) => app.showPerson(inviter, event.currentTarget);
  const name = h("button", { type: "button", class: "link-button", onclick: show }, h("bdi", {}, nameOf(inviter)));
  return h("p", { class: "muted" }, tAround(key, { name, username: inviter.username }));
}
