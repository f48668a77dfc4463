// Links by which people join a group: to make one, and those that are good.

import { fill, h, keyed } from "../dom.js";
import { attempt, errorText } from "../errors.js";
import { full } from "../format.js";
import { t } from "../i18n.js";
import { invitationLink } from "../link.js";
import { nameOf } from "../store.js";
import { choice } from "./choice.js";
import { copyButton } from "./copy.js";
import { moment } from "./moment.js";

const HOUR = 60 * 60; // seconds
const LIFETIMES = [HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR];
const USES = [1, 10, 100, 1000];

/** Make the part of a group's sheet; returns `{root, load}`. */
export function invitationLinks({ actions, toast }, roomId) {
  const lifetime = choice({
    label: t("invitations.lifetime"),
    values: LIFETIMES,
    value: 7 * 24 * HOUR,
    textOf: (seconds) => t(`hours.${seconds / HOUR}`),
  });
  const uses = choice({ label: t("invitations.uses"), values: USES, value: 100, textOf: String });
  const said = h("p", { class: "muted quiet", role: "status" });
  const made = h("div");
  let shown = null; // the id of the invitation whose link is there to be copied
  const list = h("ul", { class: "sessions", role: "list", tabindex: "-1", "aria-label": t("invitations.title") });

  async function load() {
    try {
      const found = await actions.invitations(roomId);
      keyed(list, found, ({ id, uses_left: left }) => `${id} ${left}`, item);
      fill(said, found.length ? "" : t("invitations.none"));
    } catch (error) {
      fill(said, errorText(error));
    }
  }

  async function make() {
    button.disabled = true;
    await attempt(toast, async () => {
      const { id, token } = await actions.makeInvitation(roomId, { expires_in: lifetime.value(), uses: uses.value() });
      shown = id;
      show(invitationLink(token));
      await load();
    });
    button.disabled = false;
  }

  function show(link) {
    const text = h("input", { class: "invitation-link", readonly: true, value: link, "aria-label": t("invitations.link") });
    text.addEventListener("focus", () => {
      text.select();
      text.scrollLeft = 0; // its beginning says what it is
    });
    fill(
      made,
      h(
        "div",
        { class: "field" },
        h("div", { class: "field-line" }, text, copyButton(toast, link, t("invitations.copy"), t("group.link_copied"))),
        h("p", { class: "hint" }, t("invitations.once")),
      ),
    );
    text.focus();
  }

  function item(invitation) {
    const who = nameOf(invitation.invited_by);
    return h(
      "li",
      { class: "session" },
      h(
        "div",
        { class: "session-facts" },
        h("p", { class: "session-device" }, t("invitations.uses_left", { count: invitation.uses_left })),
        h("p", { class: "muted" }, moment("invitations.until", invitation.expires_at, full)),
        h("p", { class: "muted" }, t("invitations.by", { name: who })),
      ),
      revokeButton(invitation),
    );
  }

  function revokeButton(invitation) {
    const revoke = async () => {
      button.disabled = true;
      try {
        await actions.revokeInvitation(roomId, invitation.id);
      } catch (error) {
        if (error.code !== "not_found") {
          button.disabled = false; // else it is gone already
          toast(errorText(error));
          return;
        }
      }
      if (shown === invitation.id) fill(made);
      await load();
      toast(t("invitations.revoked"));
      list.focus();
    };
    const label = `${t("invitations.revoke")}: ${t("invitations.uses_left", { count: invitation.uses_left })}`;
    const button = h(
      "button",
      { type: "button", class: "button", "aria-label": label, onclick: revoke },
      t("invitations.revoke"),
    );
    return button;
  }

  const button = h("button", { type: "button", class: "button", onclick: make }, t("invitations.make"));
  const root = h(
    "div",
    { class: "stack" },
    h("p", { class: "hint" }, t("invitations.hint")),
    lifetime.root,
    uses.root,
    button,
    made,
    said,
    list,
  );
  return { root, load };
}
