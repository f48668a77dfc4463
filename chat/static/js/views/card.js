// The card of a person: who they are, and what one can do with them.

import { notifyOf } from "../attention.js";
import { fill, fillAnew, h, icon, setText } from "../dom.js";
import { attempt } from "../errors.js";
import { BELL, BELL_OFF, BLOCK, MESSAGE, PERSON } from "../icons.js";
import { t } from "../i18n.js";
import { nameOf } from "../store.js";
import { avatar } from "./avatar.js";
import { changeBlock } from "./block.js";
import { handleButton } from "./copy.js";
import { openDialog } from "./dialog.js";
import { lineNames } from "./person_line.js";

/** Open the card of a user, `{id, username, nickname…}`; `anchor` is what was clicked. */
export function openCard(app, user, anchor) {
  const { store, actions, toast } = app;
  if (!user?.username || store.gone.has(user.id)) {
    openDialog({ title: t("nobody"), body: deleted(), anchor });
    return;
  }
  const known = () => ({ ...user, ...store.users.get(user.id) });
  const own = user.id === store.me.id;
  const face = h("span", { class: "card-face" });
  const name = h("bdi", { class: "card-name" });
  const state = h("p", { class: "card-state" });
  const together = h("div", { class: "card-groups" });
  const tiles = h("div", { class: "card-tiles" });

  const leave = (task) => () => {
    opened.close();
    return attempt(toast, task);
  };
  const message = tile(MESSAGE, t("card.message"), leave(() => actions.openDirect(known())), "tile primary");
  const mute = tile(BELL_OFF, t("notify_of.set_none"), () => {
    const room = store.directRoomWith(user.id);
    return attempt(toast, () => actions.setNotify(room.id, isMuted(room) ? "all" : "none"));
  });
  const block = tile(BLOCK, t("block.do"), () => {
    const now = known();
    return changeBlock(app, { id: now.id, name: nameOf(now), blocked: store.blocks.has(now.id) });
  });
  const profile = tile(PERSON, t("profile.title"), leave(app.profile), "tile primary");
  tiles.append(...(own ? [profile] : [message, mute, block]).map((one) => one.root));

  /** What is known of where somebody is: here, and as what in the group that is open. */
  function stateLine({ online }) {
    const role = store.members.get(app.openRoom()?.id)?.find((member) => member.user.id === user.id)?.role;
    const blocked = store.blocks.has(user.id) && t("block.on");
    const presence = own || blocked || online === undefined ? null : t(online ? "online" : "offline");
    return [own && t("card.own"), blocked, presence, role && role !== "member" && t(`role.${role}`)];
  }

  /** The groups one shares, of those whose members are known. */
  function sharedGroups() {
    if (own) return [];
    return store.roomList().filter(
      (room) => room.kind === "group" && store.members.get(room.id)?.some((one) => one.user.id === user.id),
    );
  }

  function drawGroups() {
    const groups = sharedGroups();
    const look = groups.map((room) => `${room.id} ${room.name} ${room.avatar}`).join("\n");
    const open = (room) => leave(() => actions.goTo(room));
    const line = (room) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", class: "person", onclick: open(room) },
          avatar(room, room.name, { square: true }),
          lineNames(room.name),
        ),
      );
    fillAnew(
      together,
      look,
      () => groups.length > 0 && [h("h3", {}, t("card.groups")), h("ul", { class: "people", role: "list" }, groups.map(line))],
    );
  }

  /** In place: one of the buttons may have the focus. */
  function redraw() {
    const now = known();
    const title = nameOf(now);
    fillAnew(face, `${title} ${now.avatar}`, () => avatar(now, title));
    setText(name, title);
    setText(state, stateLine(now).filter(Boolean).join(" · "));
    state.classList.toggle("is-online", Boolean(now.online) && !store.blocks.has(user.id));
    const room = store.directRoomWith(user.id);
    mute.root.hidden = !room || room.provisional;
    mute.show(...(room && isMuted(room) ? [BELL, t("notify_of.unmute")] : [BELL_OFF, t("notify_of.set_none")]));
    block.show(BLOCK, t(store.blocks.has(user.id) ? "block.undo" : "block.do"));
    drawGroups();
  }

  /** The account may have another name by now, or be gone. */
  async function refresh() {
    try {
      await actions.lookUp(user.username);
    } catch (error) {
      if (error.code === "not_found") fill(body, deleted());
      return;
    }
    redraw();
  }

  const body = h(
    "div",
    { class: "card-body" },
    face,
    h(
      "div",
      { class: "card-who" },
      name,
      handleButton(toast, user.username),
      state,
    ),
    tiles,
    together,
  );
  const opened = openDialog({ title: nameOf(known()), body, anchor, onClose: () => stop() });
  const stop = store.subscribe((key) => /^(rooms|blocks|me|room:|members:)/.test(key) && redraw());
  redraw();
  if (!own) refresh();
  if (!own) actions.loadBlocks().catch(() => {}); // else blocking is offered, which may be repeated
}

const isMuted = (room) => notifyOf(room) === "none";

const deleted = () => h("p", { class: "muted" }, t("card.deleted"));

/** A button with its icon above its word; `show(path, text)` changes both. */
function tile(path, text, onclick, look = "tile") {
  const face = h("span", { class: "tile-icon" }, icon(path));
  const word = h("span", {}, text);
  const root = h("button", { type: "button", class: look, onclick }, face, word);
  function show(nextPath, nextText) {
    if (word.textContent === nextText) return;
    setText(word, nextText);
    fill(face, icon(nextPath));
  }
  return { root, show };
}
