// The switch for notifications of the desktop, in the dialog about oneself.

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { notifyingState, setNotifying } from "../notify.js";

/** Make the part of the dialog, or null where the browser has none. */
export function notificationSwitch(userId) {
  if (notifyingState(userId) === "unsupported") return null;
  const input = h("input", { type: "checkbox", role: "switch", onchange: change });
  const hint = h("span", { class: "hint" });

  function draw(state) {
    input.checked = state === "on";
    input.disabled = state === "blocked";
    fill(hint, t(state === "blocked" ? "notify.blocked" : "notify.hint"));
  }

  async function change() {
    draw(await setNotifying(userId, input.checked));
  }

  draw(notifyingState(userId));
  return h("label", { class: "switch" }, input, h("span", {}, h("span", {}, t("notify.title")), hint));
}
