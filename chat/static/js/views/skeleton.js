// What stands where messages or people will be while they are loaded.

import { h } from "../dom.js";
import { t } from "../i18n.js";

const WIDTHS = [62, 38, 74, 45, 56, 30]; // per cent of the column

/** Make rows without text; in a room of two every other one stands on the other side. */
export function skeleton(isDirect) {
  const rows = WIDTHS.map((width, index) => {
    const bar = h("span", { class: "skeleton-bar" });
    bar.style.inlineSize = `${width}%`;
    const picture = !isDirect && h("span", { class: "skeleton-face" });
    return h("div", { class: isDirect && index % 3 === 1 ? "skeleton-row other" : "skeleton-row" }, picture, bar);
  });
  return h("div", { class: "skeleton" }, h("p", { class: "visually-hidden" }, t("loading")), h("div", { "aria-hidden": "true" }, rows));
}

/** What a status shows for a list that is being loaded: so many lines with a face, in words for whoever hears it. */
export function skeletonLines(count) {
  const line = (width) => {
    const bar = h("span", { class: "skeleton-bar line" });
    bar.style.inlineSize = `${width}%`;
    return h("span", { class: "skeleton-row" }, h("span", { class: "skeleton-face" }), bar);
  };
  return [
    h("span", { class: "visually-hidden" }, t("loading")),
    h("span", { class: "skeleton", "aria-hidden": "true" }, WIDTHS.slice(0, count).map(line)),
  ];
}
