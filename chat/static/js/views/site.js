// The picture and the name of this installation.

import { h } from "../dom.js";
import { ownName, siteLogo } from "../site.js";

/** Make the picture: the logo that the server's settings name, else the page's own. */
export function siteMark(look = "auth-logo") {
  const logo = siteLogo();
  if (!logo) return h("span", { class: look, "aria-hidden": "true" });
  return h("img", { class: look, src: logo, alt: "" });
}

/** Make the picture with the name below it, where the settings name one. */
export function siteHead() {
  const name = ownName();
  return h("div", { class: "site-head" }, siteMark(), name && h("p", { class: "site-head-name" }, h("bdi", {}, name)));
}
