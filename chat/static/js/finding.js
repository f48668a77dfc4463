// What the palette finds, and in which order.

import { fold, withoutAt } from "./text.js";

const KEPT = 5;
const HAN = /\p{Script=Han}/u; // one of these says as much as two letters

/** Those whose title has `query` in it: first where it begins the title, then where it begins a word. */
export function findByTitle(items, query, titleOf) {
  const wanted = fold(query.trim());
  const rank = (title) => {
    if (title.startsWith(wanted)) return 0;
    const at = title.indexOf(wanted);
    if (at < 0) return null;
    return /[\p{L}\p{N}]/u.test(title[at - 1]) ? 2 : 1;
  };
  const found = [[], [], []];
  for (const item of items) found[rank(fold(titleOf(item)))]?.push(item);
  return found.flat();
}

/** What to ask the server for people by; null when it is too little to ask. */
export function peopleQuery(query) {
  const name = withoutAt(query);
  return [...name].length >= (HAN.test(name) ? 1 : 2) ? name : null;
}

/** The keys of what was found last, with the newest in front. */
export function withFound(keys, key) {
  return [key, ...keys.filter((one) => one !== key)].slice(0, KEPT);
}
