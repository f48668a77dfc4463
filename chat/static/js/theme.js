// Light, dark, or as the system is. The server reads the cookie, so that a page begins in its colours.

import { keepTheme, keptTheme } from "./storage.js";

const BARS = { light: "#f6f7f9", dark: "#111418" }; // --bg, for what the browser draws around the page

export const THEMES = ["system", "light", "dark"];

/** The theme in use: one of THEMES. */
export function theme() {
  return document.documentElement.dataset.theme ?? "system";
}

/** Use a theme from now on, and at the next visit. */
export function setTheme(name) {
  keepTheme(name === "system" ? "" : name);
  applyTheme(name);
}

/** Use what was chosen: a page that was kept for offline use may be from before the choice. */
export function applyKeptTheme() {
  const kept = keptTheme() ?? "system";
  if (kept !== theme()) applyTheme(kept);
}

function applyTheme(name) {
  const root = document.documentElement;
  if (name === "system") delete root.dataset.theme;
  else root.dataset.theme = name;
  document.querySelector('meta[name="color-scheme"]').content = name === "system" ? "light dark" : name;
  for (const bar of document.querySelectorAll('meta[name="theme-color"]')) {
    const own = bar.media.includes("dark") ? "dark" : "light";
    bar.content = BARS[name] ?? BARS[own];
  }
}
