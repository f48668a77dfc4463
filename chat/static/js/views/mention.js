// A mention in a text: the name of somebody whom the message calls.

import { h } from "../dom.js";
import { calledBy } from "../mentions.js";
import { nameOf } from "../store.js";

/** The names by which those whom a message mentions are called: when they change, so does its text. */
export function mentionedNames(message, store) {
  return (message.mentions ?? []).map((id) => nameOf(store.users.get(id))).join("\n");
}

/** Make what stands for `@name…` in a text: a button for a mentioned member, else the text itself. */
export function mention(text, message, { store, showPerson }) {
  const mentioned = (message.mentions ?? []).map((id) => store.users.get(id)).filter(Boolean);
  const called = calledBy(text, mentioned);
  if (!called) return text;
  const { user, length } = called;
  const rest = text.slice(length);
  if (!user) return message.mentions_all ? [h("span", { class: "mention own" }, text.slice(0, length)), rest] : text;
  const show = (event) => showPerson(user, event.currentTarget);
  const own = user.id === store.me.id ? " own" : "";
  const name = h("bdi", {}, nameOf(user));
  const button = h(
    "button",
    { type: "button", class: `mention${own}`, title: `@${user.username}`, tabindex: "-1", onclick: show },
    "@",
    name,
  );
  return [button, rest];
}
