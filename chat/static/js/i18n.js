// The page's own texts in Chinese and English.

import en from "./locales/en.js";
import zh from "./locales/zh.js";

const CATALOGUES = { zh, en };
export const LOCALES = Object.keys(CATALOGUES);

let current = "zh";
let plurals = new Intl.PluralRules(current);

/** The language in use: "zh" or "en". */
export function locale() {
  return current;
}

/** Use a language from now on; what is drawn already stays until drawn again. */
export function setLocale(name) {
  if (!CATALOGUES[name]) return;
  current = name;
  plurals = new Intl.PluralRules(name);
}

/** Whether there is a text of this name. */
export function has(key) {
  return key in CATALOGUES[current];
}

/** The text of a key in pieces, with a node of `nodes` in each of its `{name}` places. */
export function tAround(key, nodes) {
  return t(key).split(/\{(\w+)\}/).map((piece, at) => (at % 2 ? nodes[piece] : piece));
}

/**
 * The text of a key with its `{name}` places filled in. A text that depends on a number is an
 * object of plural forms, chosen by `params.count`.
 */
export function t(key, params = {}) {
  let text = CATALOGUES[current][key];
  if (typeof text === "object") text = text[plurals.select(params.count)] ?? text.other;
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole);
}
