// What a reply says of the message that it answers, while it is being written or sent.

import { beginning } from "./text.js";

/** How much of a text a quote has, in characters: as much as the server quotes. */
export const QUOTED = 200;

/** What a message says as the one another message answers. */
export function quoteOf(message, nickname = message.nickname) {
  const { id, seq, version = 0, user_id: userId, username, data, files = [], deleted_at: deletedAt } = message;
  return {
    id,
    seq,
    version,
    user_id: userId,
    username,
    nickname,
    data: beginning(data, QUOTED),
    files,
    deleted: Boolean(deletedAt),
  };
}

/** What this browser keeps of a quote: nothing that others wrote, as they may delete it meanwhile. */
export function pointerOf(quote) {
  return quote && { id: quote.id, seq: quote.seq, user_id: quote.user_id };
}

/** A quote of which a pointer alone is known: it names somebody and says nothing. */
export function emptyQuote(pointer) {
  return { ...pointer, data: "" };
}

/**
 * Make what fills in the quotes of the outbox's records: `held(seq)` is the message held there, if any.
 * What is made of a record stays the same object for as long as the message does.
 */
export function createQuoting(held) {
  const made = new WeakMap(); // by record: {original, filled}

  return (record) => {
    const pointer = record.reply_to;
    if (!pointer) return record;
    const found = held(pointer.seq);
    const original = found?.id === pointer.id ? found : null; // another past has another one there
    const known = made.get(record);
    if (known?.original === original) return known.filled;
    const filled = { ...record, reply_to: original ? quoteOf(original) : emptyQuote(pointer) };
    made.set(record, { original, filled });
    return filled;
  };
}
