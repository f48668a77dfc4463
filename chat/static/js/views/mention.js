// A mention in a text: the name of somebody whom the message calls.

import { h } from "../dom.js";
import { nameOf } from "../store.js";

const EVERYBODY = /^[@＠](?:all|所有人)/iu;

/** The names by which those whom a message mentions are called: when they change, so does its text. */
export function mentionedNames(message, store) {
  return (message.mentions ?? []).map((id) => nameOf(store.users.get(id))).join("\n");
}

/** Make what stands for `@name…` in a text: a button for a mentioned member, else the text itself. */
export function mention(text, message, { store, showPerson }) {
  const everybody = message.mentions_all && EVERYBODY.exec(text)?.[0];
  if (everybody) return [h("span", { class: "mention own" }, everybody), text.slice(everybody.length)];
  const user = calledBy(text.slice(1).toLowerCase(), message, store);
  if (!user) return text;
  const show = (event) => showPerson(user, event.currentTarget);
  const own = user.id === store.me.id ? " own" : "";
  const name = h("bdi", {}, nameOf(user));
  const button = h(
    "button",
    { type: "button", class: `mention${own}`, title: `@${user.username}`, tabindex: "-1", onclick: show },
    "@",
    name,
  );
  return [button, text.slice(1 + user.username.length)];
}

/** The mentioned member whose username the text begins with, the longest one. */
function calledBy(text, message, store) {
  return (message.mentions ?? [])
    .map((id) => store.users.get(id))
    .filter((user) => user?.username && text.startsWith(user.username.toLowerCase()))
    .sort((a, b) => b.username.length - a.username.length)[0];
}
