// Mentions: where one begins, whom it calls, and who may be meant while one types. What is found in a
// text is what the server finds there (chat/text/mentions.py); tests/text/mentions.json has cases.

import { ATS, fold } from "./text.js";

export const MOST_SUGGESTED = 8;
const LONGEST = 30; // characters of a nickname

const ALL = "所有人";
// Letters of usernames, also in full width, and those that `fold` makes to one letter i.
const LETTERS = "a-z0-9_.\\-\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff3f\uff0e\uff0d\u0130\u0131";
// Letters of scripts that put spaces between words, digits and what is in an address: an @ behind
// them is no mention. Underscores may be there to make a text italic.
const IN_WORD = `[\\p{Changes_When_Casemapped}\\p{Nd}/${ATS}]_*`;
// What is before is looked at last: for every letter of a text that would take long.
const MENTION = new RegExp(`[${ATS}](?<!${IN_WORD}[${ATS}])(?:${ALL}|[${LETTERS}]{3,})`, "giu");
const TYPED = new RegExp(`[${ATS}](?<!${IN_WORD}[${ATS}])([^\\s${ATS}]*)$`, "u");
const AT = new RegExp(`[${ATS}]`, "u");
const ENDING = /^[._-]*$/;

/** The mentions that a text may have, as matches: whether somebody has that name is not known here. */
export function mentionsIn(text) {
  return AT.test(text) ? text.matchAll(MENTION) : []; // most texts have none, and are asked often
}

/**
 * Find whom a text that begins with an @ calls: one of `users`, the one with the longest name, else
 * everybody.
 * Returns `{user, length}`, without a user for everybody, or null; the length is that of `@name`.
 */
export function calledBy(text, users) {
  const called = fold(text.slice(1)); // each letter of a name is folded to one
  const isCalled = (name) => called.startsWith(name) && ENDING.test(called.slice(name.length));
  const [user] = users
    .filter(({ username }) => username && isCalled(fold(username)))
    .sort((a, b) => b.username.length - a.username.length);
  if (user) return { user, length: 1 + user.username.length };
  const word = ["all", ALL].find(isCalled);
  return word ? { length: 1 + word.length } : null;
}

/** The mention that ends at the caret, `{start, query}`, or null. */
export function mentionAt(text, caret) {
  const before = text.slice(0, caret);
  const found = TYPED.exec(before);
  if (!found || [...found[1]].length > LONGEST) return null;
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
