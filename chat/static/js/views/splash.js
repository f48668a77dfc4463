// The page while a session is being found again.

import { h, setText } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";

/** Make it; returns `{root, fail(error, retry), wait}`: `retry()` is called when it shall be tried again. */
export function createSplash() {
  const text = h("p", { class: "muted", role: "status" }, t("loading"));
  const action = h("div", {});
  const root = h(
    "main",
    { class: "splash" },
    h("h1", { class: "visually-hidden" }, t("app.name")),
    h("span", { class: "auth-logo", "aria-hidden": "true" }),
    text,
    action,
  );
  return {
    root,
    fail(error, retry) {
      setText(text, errorText(error));
      action.replaceChildren(
        h("button", { type: "button", class: "button", onclick: retry }, t("retry")),
      );
    },
    wait() {
      setText(text, t("loading"));
      action.replaceChildren();
    },
  };
}
