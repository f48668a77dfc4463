// What calls for a person's attention: unread messages and mentions, as they want it for each room.

/** What a room may notify of: "all", "mentions" or "none". */
export function notifyOf(room) {
  return room.notify ?? (room.muted ? "none" : "all");
}

/** The choices for a room; a room of two has none for mentions. */
export function notifyValues(room) {
  return room.kind === "group" ? ["all", "mentions", "none"] : ["all", "none"];
}

/** How many messages of a room are unread. */
export function unreadIn(room) {
  return Math.max(0, room.last_seq - room.last_read_seq);
}

/** Whether one is named in a message of the room that one has not read. */
export function isMentionedIn(room) {
  return (room.last_mention_seq ?? 0) > room.last_read_seq;
}

/** Whether a message of somebody else names a user, or everybody. */
export function namesUser({ user_id: authorId, mentions = [], mentions_all: all = false }, userId) {
  return authorId !== userId && (all || mentions.includes(userId));
}

/** Whether a user who wants to hear of this room wants to hear of this message. */
export function callsFor(room, message, userId) {
  const wanted = notifyOf(room);
  return wanted === "all" || (wanted === "mentions" && namesUser(message, userId));
}

/**
 * What calls for attention in some rooms: `count` unread messages, of rooms that tell of mentions
 * alone one for the mention; `mentioned` tells whether one is named somewhere.
 */
export function attentionOf(rooms) {
  const total = { count: 0, mentioned: false };
  for (const room of rooms) {
    const wanted = notifyOf(room);
    if (room.hidden || wanted === "none") continue;
    const mentioned = isMentionedIn(room);
    total.mentioned ||= mentioned;
    total.count += wanted === "all" ? unreadIn(room) : Number(mentioned);
  }
  return total;
}
