// The dialog of an invitation: a look at the group, and then to join or not.

import { fill, h } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { links } from "../link.js";
import { avatar } from "./avatar.js";
import { openDialog } from "./dialog.js";
import { inviterLine } from "./inviter.js";
import { lineNames } from "./person_line.js";
import { skeletonLines } from "./skeleton.js";

/** Show what a token is for. Once the dialog is closed the invitation is answered. */
export function openInvitation(app, token) {
  const { store, actions } = app;
  const body = h("div", { class: "invited" });
  const problem = h("p", { class: "form-error", role: "alert" });
  const button = (text, onclick, look = "button") => h("button", { type: "button", class: look, onclick }, text);

  async function look() {
    fill(body, h("p", { role: "status" }, skeletonLines(1)));
    try {
      show(await actions.lookAtInvitation(token));
    } catch (error) {
      fail(error);
    }
  }

  function fail(error) {
    const lasting = ["not_found", "forbidden"].includes(error.code);
    const close = button(t("close"), () => opened.close());
    const again = lasting ? null : button(t("retry"), look, "button primary");
    fill(
      body,
      h("p", { role: "alert" }, error.code === "not_found" ? t("invitation.dead") : errorText(error)),
      h("div", { class: "actions" }, close, again),
    );
    (again ?? close).focus();
  }

  function show({ room, invited_by: inviter, room_id: roomId }) {
    const known = store.rooms.get(roomId);
    const join = button(known ? t("invitation.open") : t("invitation.join"), () => accept(known), "button primary");
    fill(
      body,
      h(
        "div",
        { class: "person" },
        avatar({ id: room.name, avatar: room.avatar }, room.name, { square: true }),
        lineNames(h("bdi", { class: "invited-name" }, room.name), t("members.count", { count: room.members })),
      ),
      room.info && h("p", { class: "group-info", dir: "auto" }, room.info),
      inviterLine(app, "invitation.by", inviter),
      known && h("p", {}, t("invitation.member")),
      problem,
      h("div", { class: "actions" }, button(t("invitation.later"), () => opened.close()), join),
    );
    join.focus();
  }

  async function accept(known) {
    fill(problem);
    try {
      if (known) actions.goTo(known);
      else await actions.joinByInvitation(token);
      opened.close();
    } catch (error) {
      if (error.code === "not_found") fail(error);
      else fill(problem, errorText(error));
    }
  }

  const opened = openDialog({ title: t("invitation.title"), body, onClose: () => links.forget("invite") });
  look();
}
