// The page while a session is being found and its rooms are loaded: the shape of what comes.

import { h, setText } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { siteName } from "../site.js";

const LINES = 9;

/** Make it; `fail(error, retry)` says what went wrong, `retry()` when somebody wants to try again. */
export function createSplash() {
  const text = h("p", { class: "visually-hidden", role: "status" }, t("loading"));
  const action = h("div", {});
  const trouble = h("div", { class: "placeholder" }, text, action);
  const sidebar = h(
    "div",
    { class: "sidebar", "aria-hidden": "true" },
    h("div", { class: "sidebar-head" }, h("div", { class: "site" }), h("span", { class: "search-button" })),
    h("div", { class: "sidebar-list" }, Array.from({ length: LINES }, ghostLine)),
  );
  const root = h(
    "main",
    { class: "shell splash-shell", dataset: { pane: "list" } },
    h("h1", { class: "visually-hidden" }, siteName()),
    h("div", { class: "panes" }, sidebar, trouble),
  );
  return {
    root,
    fail(error, retry) {
      root.classList.add("is-failed");
      text.className = "";
      setText(text, errorText(error));
      action.replaceChildren(h("button", { type: "button", class: "button", onclick: retry }, t("retry")));
    },
    wait() {
      root.classList.remove("is-failed");
      text.className = "visually-hidden";
      setText(text, t("loading"));
      action.replaceChildren();
    },
  };
}

function ghostLine() {
  const bar = () => h("span", { class: "splash-bar" });
  return h("div", { class: "splash-line" }, h("span", { class: "splash-face" }), h("div", { class: "splash-bars" }, bar(), bar()));
}
