// The side sheet of a group: its number, who is in it, and what one may change.

import { fill, h, keyed, setText } from "../dom.js";
import { errorText } from "../errors.js";
import { roomNumber } from "../format.js";
import { t } from "../i18n.js";
import { navigation } from "../navigation.js";
import { nameOf } from "../store.js";
import { avatar } from "./avatar.js";
import { changeBlock } from "./block.js";
import { copyButton } from "./copy.js";
import { confirm } from "./dialog.js";
import { field, form } from "./form.js";
import { groupAccess } from "./group_access.js";
import { muteSwitch } from "./mute.js";
import { openSheet } from "./side_panel.js";

/** Open the sheet of a group. */
export function openMembers(app, roomId) {
  const { store, actions, toast } = app;
  const part = (...children) => h("div", { class: "members" }, children);
  const top = part(h("p", { class: "muted" }, t("loading")));
  const add = part();
  const count = h("h3");
  const list = h("ul", { class: "people", role: "list" });
  const edit = part();
  const settings = part();
  let access = null; // the settings, for those who may change them
  const end = part();
  const mute = muteSwitch(app, roomId);
  const body = part(top, mute.root, settings, add, part(count, list), edit, end);
  const room = () => store.rooms.get(roomId);
  const menus = new Map(); // those that are open, with what to call once they are not

  /** Menus are closed, or go with their line. */
  function closeMenus() {
    for (const [menu, closed] of menus) {
      if (menu.open && menu.isConnected) continue;
      menus.delete(menu);
      closed();
    }
  }

  async function reload() {
    try {
      await actions.loadMembers(roomId);
    } catch (error) {
      if (!store.members.has(roomId)) fill(top, h("p", { class: "muted" }, errorText(error)));
    }
  }

  /** Do something to the group; what goes wrong is said, what changed comes back as an event. */
  async function attempt(task) {
    try {
      await task();
    } catch (error) {
      toast(errorText(error));
    }
  }

  function draw() {
    const now = room();
    const members = store.members.get(roomId);
    if (!now || !members) return;
    const mine = members.find(({ user }) => user.id === store.me.id)?.role ?? "member";
    const leads = mine === "owner" || mine === "admin";
    fill(top, now.info && h("p", { class: "group-info", dir: "auto" }, now.info), numberLine(now, toast));
    // What somebody is filling in stays as it is, whoever comes and goes meanwhile.
    if (!leads || !add.firstChild) fill(add, leads && addForm());
    if (!leads || !edit.firstChild?.open) fill(edit, leads && editForm(now));
    drawSettings(leads);
    setText(count, t("members.count", { count: members.length }));
    // A line that looks the same is kept: its menu may be open.
    const lookOf = ({ user, role }) => {
      const known = store.users.get(user.id) ?? user;
      const states = [Boolean(known.online), store.blocks.has(user.id)];
      return JSON.stringify([user.id, role, mine, nameOf(known), known.avatar, ...states]);
    };
    keyed(list, sorted(members), lookOf, (member) => memberItem(member, mine));
    closeMenus();
    fill(end, h("div", { class: "danger-zone" }, mine === "owner" ? ownerWay(members) : leaveButton()));
  }

  function drawSettings(leads) {
    if (leads) access ??= groupAccess(app, roomId);
    else access = null;
    if (settings.firstChild !== (access?.root ?? null)) fill(settings, access?.root);
    access?.redraw();
  }

  function sorted(members) {
    const rank = { owner: 0, admin: 1, member: 2 };
    return [...members].sort(
      (a, b) => rank[a.role] - rank[b.role] || nameOf(a.user).localeCompare(nameOf(b.user)),
    );
  }

  function addForm() {
    return form({
      inline: true,
      fields: [field({ name: "username", label: t("members.add_label"), autocomplete: "off", spellcheck: "false" })],
      submit: t("members.add"),
      async onSubmit({ username }) {
        const invited = await actions.addMember(roomId, username.trim().replace(/^@/, ""));
        toast(t(invited ? "members.invited" : "members.added", { name: username.trim() }));
      },
    }).root;
  }

  function editForm(now) {
    const fields = [
      field({ name: "name", label: t("group.name"), value: now.name, autocomplete: "off" }),
      field({ name: "info", label: t("group.info"), value: now.info, optional: true, autocomplete: "off" }),
    ];
    const { root } = form({
      fields,
      submit: t("save"),
      async onSubmit({ name, info }) {
        await actions.editGroup(roomId, { name: name.trim(), info });
        toast(t("saved"));
      },
    });
    return h("details", { class: "edit" }, h("summary", {}, t("group.edit")), root);
  }

  function memberItem({ user, role }, mine) {
    const known = store.users.get(user.id) ?? user;
    const name = nameOf(known);
    const self = user.id === store.me.id;
    const outranked =
      !self && ((mine === "owner" && role !== "owner") || (mine === "admin" && role === "member"));
    return h(
      "li",
      { class: "person-line" },
      h(
        "span",
        { class: "person" },
        avatar(known, name),
        h(
          "span",
          { class: "person-names" },
          h("span", {}, h("bdi", {}, name), self && h("span", { class: "muted" }, ` ${t("members.self")}`)),
          h(
            "span",
            { class: "muted" },
            [`@${user.username}`, known.online && t("online")].filter(Boolean).join(" · "),
          ),
        ),
        role !== "member" && h("span", { class: "tag" }, t(`role.${role}`)),
      ),
      !self && menu(user, name, role, mine, outranked),
    );
  }

  function menu(user, name, role, mine, outranked) {
    const item = (text, task, className = "menu-item") =>
      h("button", { type: "button", class: className, onclick: () => attempt(task) }, text);
    const remove = async () => {
      const sure = await confirm({
        title: t("members.remove_title", { name }),
        text: t("members.remove_text"),
        action: t("members.remove"),
      });
      if (sure) await actions.removeMember(roomId, user.id);
    };
    const handOver = async () => {
      const sure = await confirm({
        title: t("members.hand_over_title", { name }),
        text: t("members.hand_over_text"),
        action: t("members.hand_over"),
      });
      if (sure) await actions.setRole(roomId, user.id, "owner");
    };
    const blocked = store.blocks.has(user.id);
    const details = h(
      "details",
      { class: "menu" },
      h("summary", { class: "icon-button", "aria-label": t("members.menu", { name }) }, "⋯"),
      h(
        "div",
        { class: "menu-items" },
        mine === "owner" &&
          (role === "admin"
            ? item(t("members.demote"), () => actions.setRole(roomId, user.id, "member"))
            : item(t("members.promote"), () => actions.setRole(roomId, user.id, "admin"))),
        mine === "owner" && item(t("members.hand_over"), handOver),
        item(t(blocked ? "block.undo" : "block.do"), () => changeBlock(app, { id: user.id, name, blocked })),
        outranked && item(t("members.remove"), remove, "menu-item danger-text"),
      ),
    );
    details.addEventListener("toggle", () => {
      if (!details.open) {
        closeMenus();
        return;
      }
      menus.set(details, navigation.layer(() => (details.open = false)));
      details.lastChild.scrollIntoView({ block: "nearest" });
    });
    details.addEventListener("focusout", ({ relatedTarget }) => {
      if (!details.contains(relatedTarget)) details.open = false;
    });
    details.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !details.open) return;
      event.preventDefault(); // closes the menu, not the sheet around it
      details.open = false;
      details.firstChild.focus();
    });
    return details;
  }

  function ownerWay(members) {
    const remove = async () => {
      const sure = await confirm({
        title: t("group.delete_title", { name: room().name }),
        text: t("group.delete_text"),
        action: t("group.delete"),
      });
      if (sure) await actions.deleteGroup(roomId);
    };
    return [
      members.length > 1 && h("p", { class: "hint" }, t("group.owner_hint")),
      h("button", { type: "button", class: "button danger", onclick: () => attempt(remove) }, t("group.delete")),
    ];
  }

  function leaveButton() {
    const leave = async () => {
      const sure = await confirm({
        title: t("group.leave_title", { name: room().name }),
        text: t(room().access === "number" ? "group.leave_text" : "group.leave_text_invitation"),
        action: t("group.leave"),
      });
      if (sure) await actions.leaveGroup(roomId);
    };
    return h("button", { type: "button", class: "button danger", onclick: () => attempt(leave) }, t("group.leave"));
  }

  const stop = store.subscribe((key) => {
    if (key === `roles:${roomId}`) reload();
    else if (key === `members:${roomId}` || key === "blocks") draw();
    else if (key === `room:${roomId}` && room()) {
      mute.redraw();
      draw();
    }
    else if (key === `room:${roomId}`) opened.close();
  });
  function onClose() {
    stop();
    closeMenus();
  }

  const opened = openSheet(app, { title: room().name, body, onClose });
  draw();
  reload();
  actions.loadBlocks().catch(() => {}); // the menus then offer to block, which may be repeated
}

/** The group's number, in large figures and easy to pass on; or that it lets nobody in. */
export function numberLine(room, toast) {
  if (room.access === "invitation") {
    return h("div", { class: "number" }, h("p", { class: "muted" }, t("group.by_invitation")));
  }
  const link = `${location.origin}/r/${room.number}`;
  const copies = [
    copyButton(toast, room.number, t("group.copy_number"), t("group.number_copied")),
    copyButton(toast, link, t("group.copy_link"), t("group.link_copied")),
  ];
  return h(
    "div",
    { class: "number" },
    h("p", { class: "muted" }, t("group.number_label")),
    h("p", { class: "number-figures" }, roomNumber(room.number)),
    h("p", { class: "hint" }, t("group.number_hint")),
    copies[0] && h("div", { class: "actions" }, copies),
  );
}
