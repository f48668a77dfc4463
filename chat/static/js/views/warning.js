// Says once a tab what this browser will not keep.

import { h, icon } from "../dom.js";
import { CLOSE } from "../icons.js";
import { t } from "../i18n.js";

/** Make the bar of `app.warning`, the key of a text; it stays away once it was closed. */
export function createWarning(app) {
  const close = () => {
    app.warning = null;
    root.remove();
  };
  const root = h(
    "div",
    { class: "banner warning" },
    h("p", { role: "status" }, t(app.warning)),
    h("button", { type: "button", class: "icon-button", "aria-label": t("close"), onclick: close }, icon(CLOSE)),
  );
  return root;
}
