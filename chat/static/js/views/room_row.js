// A line of the conversation list.

import { isMentionedIn, notifyOf, unreadIn } from "../attention.js";
import { fillAnew, h, icon, setAttr, setText } from "../dom.js";
import { badge, brief, full } from "../format.js";
import { ALERT, BELL_OFF, CHECK, CHECKS, CLOCK, MENTION, MORE, PIN } from "../icons.js";
import { t } from "../i18n.js";
import { previewOf } from "../preview.js";
import { pathOf } from "../router.js";
import { avatar } from "./avatar.js";

const STATES = { pending: CLOCK, failed: ALERT, sent: CHECK, read: CHECKS };

/** Make a line; `openMenu(roomId, button)` opens what one can do with the room. */
export function createRoomRow(room, { openMenu }) {
  const link = h(
    "a",
    { class: "room", draggable: "false", "aria-keyshortcuts": "Shift+F10" },
    h("span", { class: "room-avatar" }),
    h("span", { class: "room-name" }, h("bdi"), h("span", { class: "room-muted" }), h("span", { class: "room-pinned" })),
    h("time", { class: "room-time" }),
    h(
      "span",
      { class: "room-preview" },
      h("span", { class: "room-state" }),
      h("span", { class: "draft-label" }),
      h("span", { class: "room-text", dir: "auto" }),
    ),
    h("span", { class: "room-marks" }, h("span", { class: "mention-mark" }), h("span", { class: "badge" })),
  );
  const more = h(
    "button",
    { type: "button", class: "room-more", "aria-haspopup": "menu", onclick: () => openMenu(room.id, more) },
    icon(MORE),
  );
  return h("li", { class: "room-item", dataset: { room: room.id } }, link, more);
}

/** Show a room in its line; `drawn` has `{store, openId, records(id), draft(id), tabStop}`. */
export function updateRoomRow(item, room, { store, openId, records, draft, tabStop }) {
  const [link, more] = item.children;
  const [face, name, time, preview, marks] = link.children;
  const title = store.titleOf(room);
  const unread = unreadIn(room);
  const quiet = notifyOf(room) !== "all";
  const isOpen = room.id === openId;
  const unsent = records(room.id);
  setAttr(link, "href", pathOf(room));
  setAttr(link, "aria-current", isOpen ? "page" : null);
  setAttr(link, "tabindex", tabStop ? "0" : "-1");
  setAttr(more, "tabindex", tabStop ? "0" : "-1");
  setAttr(more, "aria-label", t("rooms.menu", { name: title }));
  link.classList.toggle("has-unread", unread > 0 && !quiet);
  drawFace(face, room, title, store);
  setText(name.children[0], title);
  drawMuted(name.children[1], room);
  drawSign(name.children[2], room.pinned ? PIN : null, t("pinned"));
  const at = unsent.at(-1)?.created_at ?? room.last_message?.created_at;
  setText(time, at ? brief(at) : "");
  setAttr(time, "datetime", at ? new Date(at).toISOString() : null);
  setAttr(time, "title", at ? full(at) : null);
  drawPreview(preview, room, {
    store,
    typists: store.typists(room.id),
    records: unsent,
    draft: isOpen ? "" : draft(room.id),
  });
  const mentioned = isMentionedIn(room);
  link.classList.toggle("has-marks", unread > 0 || mentioned);
  drawMarks(marks, { unread, quiet, mentioned });
}

function drawFace(face, room, title, store) {
  const online = store.isPeerOnline(room);
  const shown = store.faceOf(room);
  fillAnew(face, `${title} ${online} ${shown.avatar}`, () => [
    avatar(shown, title, { square: room.kind === "group" }),
    online && h("span", { class: "online-dot" }, h("span", { class: "visually-hidden" }, t("online"))),
  ]);
}

function drawMuted(place, room) {
  if (room.blocked) fillAnew(place, "blocked", () => t("block.on"));
  else drawSign(place, notifyOf(room) === "none" ? BELL_OFF : null, t("mute.on"));
}

/** Show an icon and say what it means, or nothing. */
function drawSign(place, path, text) {
  fillAnew(
    place,
    path ? `${path} ${text}` : "none",
    () => path && [icon(path), h("span", { class: "visually-hidden" }, ` ${text}`)],
  );
}

function drawPreview(preview, room, sources) {
  const [mark, label, text] = preview.children;
  const { kind, text: said, state } = previewOf(room, sources);
  drawSign(mark, state && STATES[state], state ? `${t(`state.${state}`)}: ` : "");
  setAttr(mark, "data-state", state);
  setText(label, kind === "draft" ? `${t("rooms.draft")} ` : "");
  setText(text, said);
  preview.classList.toggle("is-typing", kind === "typing");
  preview.classList.toggle("deleted", kind === "message" && !state && Boolean(room.last_message?.deleted_at));
}

function drawMarks(marks, { unread, quiet, mentioned }) {
  const [mention, count] = marks.children;
  drawSign(mention, mentioned ? MENTION : null, t("rooms.mentioned"));
  mention.hidden = !mentioned;
  count.hidden = unread === 0;
  count.classList.toggle("badge-quiet", quiet);
  const shown = unread ? badge(unread) : "";
  fillAnew(count, shown, () => [
    h("span", { "aria-hidden": "true" }, shown),
    h("span", { class: "visually-hidden" }, t("unread.count", { count: unread })),
  ]);
}
