// The way out of a group: to leave it, or for its owner to end it.

import { fillAnew, h, icon } from "../dom.js";
import { attempt } from "../errors.js";
import { LEAVE, TRASH } from "../icons.js";
import { t } from "../i18n.js";
import { confirm } from "./dialog.js";

/** Ask, then leave a group. */
export async function leaveGroup({ store, actions }, roomId) {
  const { name, access } = store.rooms.get(roomId);
  const sure = await confirm({
    title: t("group.leave_title", { name }),
    text: t(access === "number" ? "group.leave_text" : "group.leave_text_invitation"),
    action: t("group.leave"),
  });
  if (sure) await actions.leaveGroup(roomId);
}

/** Ask, then delete a group. */
export async function deleteGroup({ store, actions }, roomId) {
  const { name } = store.rooms.get(roomId);
  const sure = await confirm({
    title: t("group.delete_title", { name }),
    text: t("group.delete_text"),
    action: t("group.delete"),
  });
  if (sure) await actions.deleteGroup(roomId);
}

/** Make the part of a group's sheet; `redraw(mine, count)` shows what one of that role may do. */
export function createLeaving(app, roomId) {
  const root = h("section", { class: "part", "aria-label": t("group.leave") });

  function redraw(mine, count) {
    const isOwner = mine === "owner";
    const run = () => attempt(app.toast, () => (isOwner ? deleteGroup : leaveGroup)(app, roomId));
    fillAnew(root, isOwner ? `owner ${count > 1}` : "member", () => [
      isOwner && count > 1 && h("p", { class: "hint" }, t("group.owner_hint")),
      h(
        "button",
        { type: "button", class: "button danger", onclick: run },
        icon(isOwner ? TRASH : LEAVE),
        t(isOwner ? "group.delete" : "group.leave"),
      ),
    ]);
  }

  return { root, redraw };
}
