// Mentions while one types them: where one begins, and who may be meant.

import { fold } from "./text.js";

export const MOST_SUGGESTED = 8;
const LONGEST = 30; // characters of a nickname

// Letters of scripts that put spaces between words, digits and what is in an address: an @ behind
// them is no mention, as the server has it (chat/text/mentions.py).
const IN_WORD = /[\p{Lu}\p{Ll}\p{Lt}\p{Nd}/@＠]_*$/u;
const MENTION = /[@＠]([^\s@＠]*)$/u;

/** The mention that ends at the caret, `{start, query}`, or null. */
export function mentionAt(text, caret) {
  const before = text.slice(0, caret);
  const found = MENTION.exec(before);
  if (!found || [...found[1]].length > LONGEST || IN_WORD.test(before.slice(0, found.index))) return null;
  return { start: found.index, query: found[1] };
}

const folded = new WeakMap(); // by list of members: thousands are not folded at every letter

function keysOf(members) {
  if (!folded.has(members)) {
    const keys = members.map(({ user }) => [fold(user.username), fold(user.nickname ?? "")]);
    folded.set(members, keys);
  }
  return folded.get(members);
}

/** How well a query fits some keys: 0 begins one, 1 begins a word of one, 2 is inside one; else null. */
function fit(keys, query) {
  if (keys.some((key) => key.startsWith(query))) return 0;
  if (keys.some((key) => [" ", ".", "-", "_"].some((gap) => key.includes(gap + query)))) return 1;
  return keys.some((key) => key.includes(query)) ? 2 : null;
}

/**
 * Whom a query may mean, a few: those it fits best first, of these who wrote last. `recent` are ids
 * of users, the last writer first; the user `me` is left out. `all` lists the words for everybody.
 */
export function suggest(members, query, { recent = [], me = null, all = [] } = {}) {
  const wanted = fold(query);
  const order = new Map(recent.map((id, index) => [id, index]));
  const keys = keysOf(members);
  const found = [];
  members.forEach(({ user }, index) => {
    const rank = user.id === me ? null : fit(keys[index], wanted);
    if (rank !== null) found.push({ user, rank, at: order.get(user.id) ?? Infinity });
  });
  const byName = (a, b) => (a.username < b.username ? -1 : 1);
  found.sort((a, b) => a.rank - b.rank || a.at - b.at || byName(a.user, b.user));
  const everybody = all.filter((word) => fold(word).startsWith(wanted)).slice(0, 1);
  const best = wanted ? found.filter(({ rank }) => rank === 0).length : found.length;
  const place = Math.min(best, MOST_SUGGESTED - everybody.length); // never first by accident
  const list = found.map(({ user }) => ({ user }));
  list.splice(place, 0, ...everybody.map((word) => ({ all: word })));
  return list.slice(0, MOST_SUGGESTED);
}
