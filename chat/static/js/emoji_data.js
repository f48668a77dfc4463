// The emoji of the picker, loaded when it is opened for the first time.

import { assetUrl } from "./assets.js";
import { createCatalogue } from "./emoji.js";
import { LOCALES, locale } from "./i18n.js";

const catalogues = new Map(); // by language: promises

async function load(name) {
  const response = await fetch(assetUrl(`emoji/${name}.json`));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response.json();
}

async function make(language) {
  const languages = [language, ...LOCALES.filter((other) => other !== language)];
  const [list, ...words] = await Promise.all(["list", ...languages].map(load));
  return createCatalogue(list, words);
}

/** Resolves to the catalogue in the reader's language. */
export function loadEmoji() {
  const language = locale();
  if (!catalogues.has(language)) {
    const made = make(language);
    catalogues.set(language, made);
    made.catch(() => catalogues.delete(language)); // another try loads again
  }
  return catalogues.get(language);
}
