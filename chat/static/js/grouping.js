// Turns messages into the rows of the list: days, the unread line, runs of one author.

const RUN_MS = 5 * 60 * 1000;

/** Identify a message's row; the same before and after the server has stored it. */
export function rowKey(message) {
  return message.client_id ? `c:${message.user_id}:${message.client_id}` : `m:${message.id}`;
}

/** Tell whether two moments fall on one day of the reader's calendar. */
export function sameDay(a, b) {
  const x = new Date(a);
  const y = new Date(b);
  return (
    x.getFullYear() === y.getFullYear() &&
    x.getMonth() === y.getMonth() &&
    x.getDate() === y.getDate()
  );
}

/**
 * List the rows for messages in order (pending ones last).
 * `previous` is the message before the first one, when it is known but not shown.
 * `unreadAfter` is the seq after which the unread line stands, or null for none.
 */
export function rowsOf(messages, { previous = null, unreadAfter = null } = {}) {
  const rows = [];
  let before = previous;
  for (const message of messages) {
    const newDay = !before || !sameDay(before.created_at, message.created_at);
    if (newDay) {
      rows.push({ type: "day", key: `d:${rowKey(message)}`, at: message.created_at });
    }
    const unreadHere =
      unreadAfter !== null &&
      message.seq > unreadAfter &&
      (!before || (before.seq && before.seq <= unreadAfter));
    if (unreadHere) rows.push({ type: "unread", key: "unread" });
    const first =
      newDay ||
      unreadHere ||
      before.user_id !== message.user_id ||
      message.created_at - before.created_at > RUN_MS;
    rows.push({ type: "message", key: rowKey(message), message, first });
    before = message;
  }
  return markEnds(rows);
}

/** Mark the message with which a `turn` of its author ends: behind it another one speaks, or nobody. */
function markEnds(rows) {
  let next = null;
  for (let at = rows.length - 1; at >= 0; at -= 1) {
    if (rows[at].type !== "message") continue;
    rows[at].turn = next?.message.user_id !== rows[at].message.user_id || !next.message.seq;
    next = rows[at];
  }
  return rows;
}
