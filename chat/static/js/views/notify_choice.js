// What a room notifies of: all that is said, in groups mentions alone, or nothing.

import { notifyOf, notifyValues } from "../attention.js";
import { attempt } from "../errors.js";
import { t } from "../i18n.js";
import { choice } from "./choice.js";

/** Make the choice for a room; returns `{root, redraw}`. */
export function notifyChoice({ store, actions, toast }, roomId) {
  let changes = 0; // on their way: what was chosen stays shown meanwhile

  async function change(value) {
    changes += 1;
    await attempt(toast, () => actions.setNotify(roomId, value));
    changes -= 1;
    redraw();
  }

  const { root, show } = choice({
    label: t("notify_of.label"),
    values: notifyValues(store.rooms.get(roomId)),
    value: notifyOf(store.rooms.get(roomId)),
    textOf: (one) => t(`notify_of.${one}`),
    onChoose: change,
  });

  function redraw() {
    const room = store.rooms.get(roomId);
    if (room && !changes) show(notifyOf(room));
  }

  return { root, redraw };
}
