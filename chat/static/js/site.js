// What this installation calls itself, by the settings of its server.

import { t } from "./i18n.js";

/** A setting of the server, by its name in the page's data; undefined when it is not told. */
export function site(name) {
  return globalThis.document?.getElementById("app")?.dataset[name];
}

/** The name it was given; empty when it has none of its own. */
export function ownName() {
  return site("siteName") ?? "";
}

/** Its name. */
export function siteName() {
  return ownName() || t("app.name");
}

/** The address of its logo; empty when it has none of its own. */
export function siteLogo() {
  return site("siteLogo") ?? "";
}
