// The switch that silences a room: no notifications, not counted in the title.

import { h } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";

/** Make the switch of a room; returns `{root, redraw}`. */
export function muteSwitch({ store, actions, toast }, roomId) {
  const input = h("input", { type: "checkbox", role: "switch", onchange: change });
  const root = h(
    "label",
    { class: "switch" },
    input,
    h("span", {}, h("span", {}, t("mute")), h("span", { class: "hint" }, t("mute.hint"))),
  );

  function redraw() {
    input.checked = Boolean(store.rooms.get(roomId)?.muted);
  }

  async function change() {
    input.disabled = true;
    try {
      await actions.mute(roomId, input.checked);
    } catch (error) {
      toast(errorText(error));
    }
    input.disabled = false;
    redraw();
  }

  redraw();
  return { root, redraw };
}
