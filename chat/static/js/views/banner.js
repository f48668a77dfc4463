// Says when there is no connection, and when the next try comes.

import { fill, h, setText } from "../dom.js";
import { t } from "../i18n.js";

const PATIENCE_MS = 3_000;

/** Make the banner; `retry()` tries at once. Returns `{root, show(state), stop()}`. */
export function createBanner(retry) {
  const text = h("span", { role: "status" });
  const countdown = h("span", { class: "countdown", "aria-hidden": "true" }); // ticks: not read out
  const button = h("button", { type: "button", class: "link-button", onclick: retry }, t("banner.retry"));
  const root = h("div", { class: "banner", hidden: true }, text, countdown, button);
  let since = null;
  let state = null;
  let timer = null;

  function tick() {
    const now = Date.now();
    root.hidden = state.phase === "online" || now - since < PATIENCE_MS;
    if (root.hidden) return;
    setText(text, t("banner.offline"));
    const waiting = state.phase === "waiting";
    const seconds = waiting ? Math.max(0, Math.ceil((state.retryAt - now) / 1000)) : 0;
    setText(countdown, waiting ? t("banner.wait", { count: seconds }) : t("banner.trying"));
    button.hidden = !waiting;
  }

  return {
    root,
    show(next) {
      state = next;
      if (state.phase === "online") {
        since = null;
        clearInterval(timer);
        timer = null;
        root.hidden = true;
        fill(text);
        return;
      }
      since ??= Date.now();
      timer ??= setInterval(tick, 500);
      tick();
    },
    stop: () => clearInterval(timer),
  };
}
