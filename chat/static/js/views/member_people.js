// The members in a group's sheet: how many, a search, and the list.

import { fillAnew, h, setAttr, setText } from "../dom.js";
import { memberCount } from "../format.js";
import { locale, t } from "../i18n.js";
import { createMemberOrder } from "../member_order.js";
import { roleIn } from "../rights.js";
import { nameOf } from "../store.js";
import { fold, withoutAt } from "../text.js";
import { avatar } from "./avatar.js";
import { createMemberList } from "./member_list.js";
import { memberItems } from "./member_menu.js";
import { menuButton } from "./menu_button.js";
import { lineNames } from "./person_line.js";

const FEW = 8; // members that are found without a search

/** Make the part; returns `{root, redraw(members), stop}`. */
export function createMemberPeople(app, roomId) {
  const { store } = app;
  const order = createMemberOrder(locale() === "zh" ? "zh-Hans" : "en");
  const known = (user) => store.users.get(user.id) ?? user;
  const name = (user) => nameOf(known(user));
  const rows = new WeakMap();
  const count = h("h3", { class: "part-title" });
  const nobody = h("p", { class: "muted quiet", role: "status" });
  const search = h("input", {
    type: "search",
    class: "search-input",
    dir: "auto",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": t("members.search"),
    placeholder: t("members.search"),
    oninput: () => redraw(store.members.get(roomId), { anew: true }),
  });
  const list = createMemberList({ label: t("members.list"), keyOf: ({ user }) => user.id, create, update });
  const root = h("section", { class: "part", "aria-label": t("members.list") }, count, search, nobody, list.root);

  function create({ user }) {
    const self = user.id === store.me.id;
    const row = {
      face: h("span", { class: "presence" }),
      name: h("bdi"),
      about: h("span", { class: "muted" }),
      tag: h("span", { class: "tag" }),
      menu: null,
      member: null,
    };
    const person = h(
      "button",
      { type: "button", class: "person", onclick: () => app.showPerson(known(user), person) },
      row.face,
      lineNames(h("span", {}, row.name, self && h("span", { class: "muted" }, ` ${t("members.self")}`)), row.about),
      row.tag,
    );
    if (!self) {
      row.menu = menuButton(t("members.menu", { name: name(user) }), () =>
        memberItems(app, roomId, { ...row.member, name: name(user), mine: roleIn(store, store.rooms.get(roomId)) }),
      );
    }
    const node = h("li", { class: "person-line" }, person, row.menu);
    rows.set(node, row);
    return node;
  }

  /** In place: the row may have the focus. */
  function update(node, member) {
    const row = rows.get(node);
    const user = known(member.user);
    row.member = member;
    fillAnew(row.face, `${nameOf(user)} ${user.avatar}`, () => avatar(user, nameOf(user)));
    setText(row.name, nameOf(user));
    if (row.menu) setAttr(row.menu, "aria-label", t("members.menu", { name: nameOf(user) }));
    row.face.classList.toggle("is-online", Boolean(user.online));
    setText(row.about, [`@${user.username}`, user.online && t("online")].filter(Boolean).join(" · "));
    row.tag.hidden = member.role === "member";
    if (member.role !== "member") setText(row.tag, t(`role.${member.role}`));
  }

  function redraw(members, { anew = false } = {}) {
    if (!members) return;
    const isOnline = (user) => Boolean(known(user).online);
    const wanted = fold(withoutAt(search.value));
    const matches = ({ user }) => fold(name(user)).includes(wanted) || fold(user.username).includes(wanted);
    const found = order(members, { nameOf: name, isOnline }).filter(matches);
    setText(count, memberCount(store, members));
    search.hidden = members.length <= FEW;
    setText(nobody, found.length ? "" : t("members.nobody"));
    list.show(found, { anew });
  }

  return { root, redraw, stop: list.stop };
}
