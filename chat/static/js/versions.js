// Messages change: which of two copies of one message is the newer one.

/** How often a message has changed; copies from before messages could change do not say. */
function versionOf(message) {
  return message.version ?? 0;
}

/** Whether a message stands behind another one, or is a newer copy of it. */
export function isLater(message, other) {
  if (message.seq !== other.seq) return message.seq > other.seq;
  return versionOf(message) > versionOf(other);
}

/**
 * The newer one of two copies. What is pushed to all members does not say which reactions are the
 * reader's own: those known stay.
 */
export function newerOf(known, given) {
  return withNewerQuote(newerCopy(known, given), known.reply_to, given.reply_to);
}

function newerCopy(known, given) {
  if (versionOf(given) > versionOf(known)) {
    const tells = given.own_reactions || !known.own_reactions;
    return tells ? given : { ...given, own_reactions: leftOf(known, given) };
  }
  const same = versionOf(given) === versionOf(known);
  return same && given.own_reactions ? { ...known, own_reactions: given.own_reactions } : known;
}

/** Let a reply quote the newest text that either copy knows: the original changes by itself. */
function withNewerQuote(message, ...quotes) {
  const newest = quotes.find((quote) => quote && versionOf(quote) > versionOf(message.reply_to ?? {}));
  return message.reply_to && newest ? { ...message, reply_to: newest } : message;
}

/** Which of the reader's own reactions can still be there. */
function leftOf(known, given) {
  const emoji = new Set(given.reactions?.map((one) => one.emoji));
  return known.own_reactions.filter((one) => emoji.has(one));
}

/** Whether a reaction of a message is also the user's own. */
export function isOwnReaction(message, { emoji, count, user_ids: userIds }, userId) {
  if (userIds.includes(userId)) return true;
  // Only the first ones are named.
  return count > userIds.length && Boolean(message.own_reactions?.includes(emoji));
}

/** Whether the user has reacted to a message with an emoji. */
export function reactsWith(message, emoji, userId) {
  const found = message.reactions?.find((one) => one.emoji === emoji);
  return Boolean(found) && isOwnReaction(message, found, userId);
}

/** A copy of a message as it looks once the user has reacted to it, or taken that back. */
export function withReaction(message, emoji, on, userId) {
  const reactions = message.reactions ?? [];
  const known = reactions.find((one) => one.emoji === emoji);
  if (message.deleted_at || on === reactsWith(message, emoji, userId)) return message;
  const others = (message.own_reactions ?? []).filter((one) => one !== emoji);
  if (!on) {
    const left = { ...known, count: known.count - 1, user_ids: known.user_ids.filter((id) => id !== userId) };
    return {
      ...message,
      reactions: reactions.flatMap((one) => (one !== known ? [one] : left.count ? [left] : [])),
      own_reactions: others,
    };
  }
  const { count, user_ids: userIds } = known ?? { count: 0, user_ids: [] };
  const more = { emoji, count: count + 1, user_ids: [...userIds, userId] };
  return {
    ...message,
    reactions: known ? reactions.map((one) => (one === known ? more : one)) : [...reactions, more],
    own_reactions: [...others, emoji],
  };
}
