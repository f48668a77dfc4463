// What a group notifies of: all that is said, mentions, or nothing.

import { notifyOf } from "../attention.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { choice } from "./choice.js";

/** Make the choice for a group; returns `{root, redraw}`. */
export function notifyChoice({ store, actions, toast }, roomId) {
  async function change(value) {
    try {
      await actions.setNotify(roomId, value);
    } catch (error) {
      toast(errorText(error));
      redraw();
    }
  }

  const { root, show } = choice({
    label: t("notify_choice.label"),
    values: ["all", "mentions", "none"],
    value: notifyOf(store.rooms.get(roomId)),
    textOf: (one) => t(`notify_choice.${one}`),
    onChoose: change,
  });

  function redraw() {
    const room = store.rooms.get(roomId);
    if (room) show(notifyOf(room));
  }

  return { root, redraw };
}
