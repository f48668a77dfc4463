// The side sheet of a direct room: who the other one is, and what one may change.

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { avatar } from "./avatar.js";
import { openDialog } from "./dialog.js";
import { muteSwitch } from "./mute.js";

/** Open the sheet of a direct room. */
export function openPerson(app, roomId) {
  const { store } = app;
  const room = store.rooms.get(roomId);
  const mute = muteSwitch(app, roomId);
  const who = h("div", { class: "person" });

  function draw() {
    const title = store.titleOf(room);
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
  const opened = openDialog({ title: t("person.title"), body: [who, mute.root], sheet: true, onClose: stop });
}
