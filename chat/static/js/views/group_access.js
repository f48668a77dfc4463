// What the owner and the admins of a group choose: who may join, who may write, and its invitations.

import { fill, h, keyed } from "../dom.js";
import { errorText } from "../errors.js";
import { full } from "../format.js";
import { t } from "../i18n.js";
import { invitationLink } from "../link.js";
import { nameOf } from "../store.js";
import { copyButton } from "./copy.js";
import { confirm } from "./dialog.js";
import { moment } from "./moment.js";

const HOUR = 60 * 60; // seconds
const LIFETIMES = [HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR];
const USES = [1, 10, 100, 1000];
const DEFAULT = { expires_in: 7 * 24 * HOUR, uses: 100 };

let count = 0;

/** A choice of a few values, as one line of buttons; `onChoose(value)` when it is changed. */
function choice({ label, values, value, textOf, onChoose }) {
  const name = `choice-${++count}`;
  const inputs = values.map((one) =>
    h("input", { type: "radio", name, value: String(one), checked: one === value, onchange: () => onChoose(one) }),
  );
  const root = h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, label),
    h(
      "div",
      { class: "segments wide" },
      values.map((one, at) => h("label", { class: "segment" }, inputs[at], h("span", {}, textOf(one)))),
    ),
  );
  return {
    root,
    show: (now) => inputs.forEach((input, at) => (input.checked = values[at] === now)),
  };
}

/** Make the part of a group's sheet; returns `{root, redraw}`. */
export function groupAccess({ store, actions, toast }, roomId) {
  const room = () => store.rooms.get(roomId);

  /** Change a setting; what goes wrong is said, and the buttons show what is so. */
  async function change(fields) {
    try {
      await actions.editGroup(roomId, fields);
    } catch (error) {
      toast(errorText(error));
    }
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
    if (!sure) return;
    try {
      await actions.renewNumber(roomId);
      toast(t("group.renewed"));
    } catch (error) {
      toast(errorText(error));
    }
  }

  const renewButton = h("button", { type: "button", class: "button", onclick: renew }, t("group.renew"));
  const links = invitations({ actions, toast }, roomId);
  const root = h(
    "details",
    { class: "edit" },
    h("summary", {}, t("group.settings")),
    h("div", { class: "members settings" }, access.root, posting.root, renewButton, links.root),
  );
  root.addEventListener("toggle", () => root.open && links.load());

  function redraw() {
    if (!room()) return;
    access.show(room().access);
    posting.show(room().posting);
    renewButton.hidden = room().access !== "number";
  }

  redraw();
  return { root, redraw };
}

/** The invitations of a group: to make one, and those that are good; returns `{root, load}`. */
function invitations({ actions, toast }, roomId) {
  const wanted = { ...DEFAULT };
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
    try {
      const { id, token } = await actions.makeInvitation(roomId, wanted);
      shown = id;
      show(invitationLink(token));
      await load();
    } catch (error) {
      toast(errorText(error));
    }
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
    "fieldset",
    { class: "members invitations" },
    h("legend", {}, t("invitations.title")),
    h("p", { class: "hint" }, t("invitations.hint")),
    choice({
      label: t("invitations.lifetime"),
      values: LIFETIMES,
      value: wanted.expires_in,
      textOf: (seconds) => t(`hours.${seconds / HOUR}`),
      onChoose: (seconds) => (wanted.expires_in = seconds),
    }).root,
    choice({
      label: t("invitations.uses"),
      values: USES,
      value: wanted.uses,
      textOf: String,
      onChoose: (uses) => (wanted.uses = uses),
    }).root,
    button,
    made,
    said,
    list,
  );
  return { root, load };
}
