// What the list says of a room below its name.

import { withFiles } from "./files/kinds.js";
import { t } from "./i18n.js";
import { plainText } from "./markup.js";
import { nameOf } from "./store.js";
import { oneLine } from "./text.js";

/**
 * The line below the name of a room: `{kind, text, state}`. `kind` is "typing", "draft" or
 * "message"; `state` of one's own message is "pending", "failed", "sent" or "read", else null.
 * `typists` are ids of people, `records` what waits in the outbox, `draft` what is half written.
 */
export function previewOf(room, { store, typists, records, draft }) {
  if (typists.length) {
    const text = room.kind === "direct" ? t("rooms.typing") : typingText(typists, store);
    return { kind: "typing", text, state: null };
  }
  if (draft) return { kind: "draft", text: oneLine(draft), state: null };
  const record = records.at(-1);
  if (record) return { kind: "message", text: named(t("you"), textOf(record)), state: record.state };
  const message = room.last_message;
  if (!message) return { kind: "message", text: t("rooms.no_messages"), state: null };
  const state = message.deleted_at ? null : stateOf(room, message, store);
  return { kind: "message", text: byline(room, message, store), state };
}

const texts = new WeakMap(); // a list is drawn often, and reading marks takes a while

/** What a message says, on one line and without the marks of its format. */
function textOf(message) {
  if (message.deleted_at) return t("message.deleted");
  if (!texts.has(message)) texts.set(message, withFiles(oneLine(plainText(message.data)), message.files));
  return texts.get(message);
}

/** The people who are typing. A push names them by id alone, so a name may not be known yet. */
export function typingText(typists, store) {
  if (typists.length > 1) return t("typing.many");
  const name = nameOf(store.users.get(typists[0]));
  return name ? t("typing.one", { name }) : t("rooms.typing");
}

function byline(room, message, store) {
  const text = textOf(message);
  if (message.user_id === store.me.id) return named(t("you"), text);
  return room.kind === "group" ? named(store.authorOf(message), text) : text;
}

function named(name, text) {
  return t("rooms.preview", { name, text });
}

/** Whether one's own message was read is told of direct rooms alone. */
function stateOf(room, message, store) {
  if (message.user_id !== store.me.id) return null;
  const isRead = room.peer && store.readMark(room.id, room.peer.id) >= message.seq;
  return isRead ? "read" : "sent";
}
