// What the owner and the admins of a group choose: who may join, and who may write.

import { h } from "../dom.js";
import { attempt } from "../errors.js";
import { t } from "../i18n.js";
import { choice } from "./choice.js";
import { confirm } from "./dialog.js";

/** Make the part of a group's sheet; returns `{root, redraw}`. */
export function groupAccess({ store, actions, toast }, roomId) {
  const room = () => store.rooms.get(roomId);

  /** Change a setting; what goes wrong is said, and the buttons show what is so. */
  async function change(fields) {
    await attempt(toast, () => actions.editGroup(roomId, fields));
    redraw();
  }

  const setting = (name, label, values, textOf) =>
    choice({
      label,
      values,
      value: room()[name],
      textOf,
      onChoose: (value) => change({ [name]: value }),
    });
  const access = setting("access", t("group.access"), ["number", "invitation"], (one) => t(`access.${one}`));
  const posting = setting("posting", t("group.posting"), ["members", "admins"], (one) => t(`posting.${one}`));

  async function renew() {
    const sure = await confirm({
      title: t("group.renew_title"),
      text: t("group.renew_text"),
      action: t("group.renew"),
    });
    if (sure && (await attempt(toast, () => actions.renewNumber(roomId)))) toast(t("group.renewed"));
  }

  const renewButton = h("button", { type: "button", class: "button", onclick: renew }, t("group.renew"));
  const root = h("div", { class: "stack" }, access.root, posting.root, renewButton);

  function redraw() {
    if (!room()) return;
    access.show(room().access);
    posting.show(room().posting);
    renewButton.hidden = room().access !== "number";
  }

  redraw();
  return { root, redraw };
}

