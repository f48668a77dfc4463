// The sheet of a direct room: who the other one is, and what one may change.

import { fillAnew, h, icon, setText } from "../dom.js";
import { attempt } from "../errors.js";
import { BLOCK, HIDE } from "../icons.js";
import { t } from "../i18n.js";
import { draw } from "../schedule.js";
import { avatar } from "./avatar.js";
import { changeBlock } from "./block.js";
import { handleButton } from "./copy.js";
import { hideRoom } from "./hiding.js";
import { notifyChoice } from "./notify_choice.js";

/** Make the sheet of a direct room, for a dialog or a panel: `{title, body, stop}`. `close()` closes it. */
export function personSheet(app, roomId, close) {
  const { store, toast } = app;
  const notify = notifyChoice(app, roomId);
  const face = h("span", { class: "card-face" });
  const name = h("bdi", { class: "card-name" });
  const handle = h("div", {});
  const state = h("p", { class: "card-state" });
  const ways = h("div", { class: "part ways" });
  const body = h(
    "div",
    { class: "sheet-parts" },
    h("div", { class: "part" }, face, h("div", { class: "card-who" }, name, handle, state)),
    h("div", { class: "part" }, notify.root),
    ways,
  );

  const hide = () => attempt(toast, () => hideRoom(app, store.rooms.get(roomId), close));

  function button(path, text, onclick, kind = "button") {
    return h("button", { type: "button", class: kind, onclick }, icon(path), text);
  }

  /** A button and what it does. */
  function way(action, hint) {
    return h("div", { class: "way" }, action, h("p", { class: "hint" }, hint));
  }

  function drawWays({ peer, blocked }, title) {
    const change = () => changeBlock(app, { id: peer.id, name: title, blocked });
    fillAnew(ways, `${peer?.id} ${blocked} ${title}`, () => [
      way(button(HIDE, t("hide.do"), hide), t("hide.hint")),
      peer &&
        way(
          button(BLOCK, t(blocked ? "block.undo" : "block.do"), change, blocked ? "button" : "button danger"),
          t(blocked ? "block.is" : "block.text"),
        ),
    ]);
  }

  function drawWho(room, title) {
    const shown = store.faceOf(room);
    const username = room.peer?.username;
    fillAnew(face, `${title} ${shown.avatar}`, () => avatar(shown, title));
    setText(name, title);
    fillAnew(handle, username ?? "", () => username && handleButton(toast, username));
  }

  function redraw() {
    const room = store.rooms.get(roomId);
    if (!room) return;
    const title = store.titleOf(room);
    const online = store.isPeerOnline(room);
    drawWho(room, title);
    setText(state, room.blocked ? t("block.on") : room.peer ? t(online ? "online" : "offline") : "");
    state.classList.toggle("is-online", online);
    notify.redraw();
    drawWays(room, title);
  }

  const stop = store.subscribe((key) => key === `room:${roomId}` && draw(redraw));
  redraw();
  return { title: t("person.title"), body, stop };
}
