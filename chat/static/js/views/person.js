// The side sheet of a direct room: who the other one is, and what one may change.

import { fill, h, icon } from "../dom.js";
import { errorText } from "../errors.js";
import { BLOCK, HIDE } from "../icons.js";
import { t } from "../i18n.js";
import { avatar } from "./avatar.js";
import { changeBlock } from "./block.js";
import { muteSwitch } from "./mute.js";
import { openSheet } from "./side_panel.js";

/** Open the sheet of a direct room. */
export function openPerson(app, roomId) {
  const { store, actions, router, toast } = app;
  const mute = muteSwitch(app, roomId);
  const who = h("div", { class: "person" });
  const ways = h("div", { class: "danger-zone ways" });

  async function hide() {
    const name = store.titleOf(store.rooms.get(roomId));
    try {
      await actions.hide(roomId, true);
    } catch (error) {
      toast(errorText(error));
      return;
    }
    opened.close();
    router.goHome();
    toast(t("hide.done", { name }));
  }

  function button(path, text, onclick, look = "button") {
    return h("button", { type: "button", class: look, onclick }, icon(path), text);
  }

  /** A button and what it does. */
  function way(action, hint) {
    return h("div", { class: "way" }, action, h("p", { class: "hint" }, hint));
  }

  /** Redrawn only when something of it changes: one of the buttons may have the focus. */
  function drawWays({ peer, blocked }, name) {
    const look = `${peer?.id} ${blocked} ${name}`;
    if (ways.dataset.look === look) return;
    ways.dataset.look = look;
    const change = () => changeBlock(app, { id: peer.id, name, blocked });
    fill(
      ways,
      way(button(HIDE, t("hide.do"), hide), t("hide.hint")),
      peer &&
        way(
          button(BLOCK, t(blocked ? "block.undo" : "block.do"), change, blocked ? "button" : "button danger"),
          t(blocked ? "block.is" : "block.text"),
        ),
    );
  }

  function draw() {
    const room = store.rooms.get(roomId);
    const title = store.titleOf(room);
    drawWays(room, title);
    fill(
      who,
      avatar(store.faceOf(room), title),
      h(
        "span",
        { class: "person-names" },
        h("bdi", {}, title),
        room.peer && h("span", { class: "muted" }, `@${room.peer.username}`),
      ),
    );
  }

  draw();
  const stop = store.subscribe((key) => {
    if (key !== `room:${roomId}`) return;
    if (store.rooms.has(roomId)) {
      draw();
      mute.redraw();
    } else opened.close();
  });
  const opened = openSheet(app, { title: t("person.title"), body: [who, mute.root, ways], onClose: stop });
}
