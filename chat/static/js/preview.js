// What the list says of a room below its name.

import { t } from "./i18n.js";

/**
 * The line below the name of a room: `{kind, text, state}`. `kind` is "typing", "draft" or
 * "message"; `state` of one's own message is "pending", "failed", "sent" or "read", else null.
 * `typists` are ids of people, `records` what waits in the outbox, `draft` what is half written.
 */
export function previewOf(room, { store, typists, records, draft }) {
  if (typists.length) return { kind: "typing", text: typingText(room, typists, store), state: null };
  if (draft) return { kind: "draft", text: oneLine(draft), state: null };
  const record = records.at(-1);
  if (record) return { kind: "message", text: named(t("you"), record.data), state: record.state };
  const message = room.last_message;
  if (!message) return { kind: "message", text: t("rooms.no_messages"), state: null };
  if (message.deleted_at) return { kind: "message", text: byline(room, message, store, t("message.deleted")), state: null };
  return { kind: "message", text: byline(room, message, store, message.data), state: stateOf(room, message, store) };
}

function typingText(room, typists, store) {
  if (room.kind === "direct") return t("rooms.typing");
  const name = typists.length === 1 && store.authorOf({ user_id: typists[0] });
  return name ? t("typing.one", { name }) : t("typing.many");
}

function byline(room, message, store, text) {
  if (message.user_id === store.me.id) return named(t("you"), text);
  return room.kind === "group" ? named(store.authorOf(message), text) : oneLine(text);
}

function named(name, text) {
  return t("rooms.preview", { name, text: oneLine(text) });
}

function oneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}

/** Whether one's own message was read is told of direct rooms alone. */
function stateOf(room, message, store) {
  if (message.user_id !== store.me.id) return null;
  return room.kind === "direct" && store.isReadByPeer(room, message.seq) ? "read" : "sent";
}
