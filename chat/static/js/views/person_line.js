// A line of a list of people: a picture, a name, and what is told about it.

import { h } from "../dom.js";
import { nameOf } from "../store.js";
import { avatar } from "./avatar.js";

const textOr = (given, wrap) => (typeof given === "string" ? wrap(given) : given);

/** A name and, below it, something about it: texts, or elements of their own. */
export function lineNames(name, about = null) {
  return h(
    "span",
    { class: "person-names" },
    textOr(name, (text) => h("bdi", {}, text)),
    textOr(about || null, (text) => h("span", { class: "muted" }, text)),
  );
}

/** What somebody is called, and something about them: the username unless it is told. */
export function personNames(user, about = `@${user.username}`) {
  return lineNames(nameOf(user), about);
}

/** The line as a button; `more` stands at its end. */
export function personButton(user, onclick, { names = personNames(user), more = null } = {}) {
  return h("button", { type: "button", class: "person", onclick }, avatar(user, nameOf(user)), names, more);
}
