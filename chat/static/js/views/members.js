// The sheet of a group: who is in it, how to get in, what one may change, and the way out.

import { fill, h, setText } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { LINK, SETTINGS } from "../icons.js";
import { roleIn } from "../rights.js";
import { draw } from "../schedule.js";
import { addPeopleForm } from "./add_people.js";
import { disclosure } from "./disclosure.js";
import { groupAccess } from "./group_access.js";
import { createGroupEdit } from "./group_edit.js";
import { createGroupPicture } from "./group_picture.js";
import { createGroupNumber } from "./group_number.js";
import { invitationLinks } from "./invitation_links.js";
import { createLeaving } from "./leaving.js";
import { createMemberPeople } from "./member_people.js";
import { notifyChoice } from "./notify_choice.js";
import { skeletonLines } from "./skeleton.js";

/** Make the sheet of a group, for a dialog or a panel: `{title, body, stop}`. */
export function groupSheet(app, roomId) {
  const { store, actions, toast } = app;
  const room = () => store.rooms.get(roomId);
  const info = h("p", { class: "group-info", dir: "auto" });
  const posting = h("p", { class: "muted" }, t("composer.admins"));
  const picture = createGroupPicture(app, roomId);
  const about = h("div", { class: "part" }, picture.root, info, posting);
  const waiting = h("p", { class: "muted", role: "status" }, skeletonLines(4));
  const people = createMemberPeople(app, roomId);
  const number = createGroupNumber(toast);
  const notify = notifyChoice(app, roomId);
  const leaving = createLeaving(app, roomId);
  const led = { invite: h("div", { class: "part-led" }), links: h("div", { class: "part-led" }), settings: h("div", { class: "part-led" }) };
  let leading = null; // what only those who lead the group see
  const body = h(
    "div",
    { class: "sheet-parts" },
    about,
    waiting,
    people.root,
    h("section", { class: "part", "aria-label": t("members.invite") }, h("h3", { class: "part-title" }, t("members.invite")), led.invite, number.root, led.links),
    h("section", { class: "part", "aria-label": t("group.preferences") }, h("h3", { class: "part-title" }, t("group.preferences")), notify.root, led.settings),
    leaving.root,
  );

  async function reload() {
    try {
      await actions.loadMembers(roomId);
    } catch (error) {
      if (!store.members.has(roomId)) setText(waiting, errorText(error));
    }
  }

  function makeLeading() {
    const access = groupAccess(app, roomId);
    const links = invitationLinks(app, roomId);
    return {
      add: addPeopleForm(app, roomId),
      links: disclosure(t("invitations.title"), links.root, { path: LINK, onOpen: links.load }),
      edit: createGroupEdit(app, roomId),
      access,
      rules: disclosure(t("group.settings"), access.root, { path: SETTINGS }),
    };
  }

  /** Somebody may just be filling in a form: what they lead with is made once. */
  function drawLeading(leads) {
    if (leads === Boolean(leading)) return;
    leading = leads ? makeLeading() : null;
    fill(led.invite, leading?.add);
    fill(led.links, leading?.links);
    fill(led.settings, leading && [leading.edit.root, leading.rules]);
  }

  function redraw() {
    const now = room();
    const members = store.members.get(roomId);
    if (!now) return;
    setText(info, now.info ?? "");
    info.hidden = !now.info;
    posting.hidden = now.posting !== "admins";
    const leads = Boolean(members) && roleIn(store, now) !== "member";
    picture.redraw(now, leads);
    about.hidden = info.hidden && posting.hidden && !leads && !now.avatar;
    number.redraw(now);
    notify.redraw();
    waiting.hidden = Boolean(members);
    people.root.hidden = !members;
    if (!members) return;
    const mine = roleIn(store, now);
    drawLeading(leads);
    leading?.edit.redraw(now);
    leading?.access.redraw();
    people.redraw(members);
    leaving.redraw(mine, members.length);
  }

  const stopListening = store.subscribe((key) => {
    if (key === `roles:${roomId}`) reload();
    else if (key === `members:${roomId}` || key === `room:${roomId}`) draw(redraw);
  });
  redraw();
  reload();
  actions.loadBlocks().catch(() => {}); // the menus then offer to block, which may be repeated
  return {
    title: room().name,
    body,
    stop() {
      stopListening();
      people.stop();
    },
  };
}
