// What this installation calls itself, by the settings of its server.

import { t } from "./i18n.js";

const settings = () => document.getElementById("app")?.dataset ?? {};

/** The name it was given; empty when it has none of its own. */
export function ownName() {
  return settings().siteName ?? "";
}

/** Its name. */
export function siteName() {
  return ownName() || t("app.name");
}

/** The address of its logo; empty when it has none of its own. */
export function siteLogo() {
  return settings().siteLogo ?? "";
}
