// The number of a group, in large figures and easy to pass on.

import { fillAnew, h } from "../dom.js";
import { roomNumber } from "../format.js";
import { t } from "../i18n.js";
import { copyButton } from "./copy.js";

/** Make the part; `redraw(room)` shows the number, or that it lets nobody in. */
export function createGroupNumber(toast) {
  const root = h("div", { class: "number" });

  function redraw(room) {
    const byInvitation = room.access === "invitation";
    fillAnew(root, `${room.access} ${room.number}`, () =>
      byInvitation ? h("p", { class: "muted" }, t("group.by_invitation")) : figures(room),
    );
  }

  function figures({ number }) {
    const link = `${location.origin}/r/${number}`;
    const copies = [
      copyButton(toast, number, t("group.copy_number"), t("group.number_copied")),
      copyButton(toast, link, t("group.copy_link"), t("group.link_copied")),
    ];
    return [
      h("p", { class: "muted" }, t("group.number_label")),
      h("p", { class: "number-figures" }, roomNumber(number)),
      h("p", { class: "hint" }, t("group.number_hint")),
      copies[0] && h("div", { class: "actions" }, copies),
    ];
  }

  return { root, redraw };
}

/** The number of a group as it is now. */
export function numberLine(room, toast) {
  const { root, redraw } = createGroupNumber(toast);
  redraw(room);
  return root;
}
