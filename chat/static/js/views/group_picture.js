// The picture of a group in its sheet; who leads the group may change it.

import { fill, fillAnew, h } from "../dom.js";
import { avatar } from "./avatar.js";
import { createPictureChoice } from "./picture_choice.js";

/** Make the part; `redraw(room, leads)` shows what there is, and what may be done. */
export function createGroupPicture({ store, actions, toast }, roomId) {
  const room = () => store.rooms.get(roomId);
  const face = h("span", { class: "card-face" });
  const choice = createPictureChoice({
    has: () => Boolean(room()?.avatar),
    save: (blob) => actions.setRoomPicture(roomId, blob),
    remove: () => actions.removeRoomPicture(roomId),
    preview(url) {
      if (url) fill(face, h("img", { class: "avatar avatar-square", alt: "", src: url }));
      else if (room()) drawFace(room(), true);
    },
    toast,
  });
  const root = h("div", { class: "group-picture" }, face, choice.root);

  function drawFace({ id, name, avatar: picture }, anew = false) {
    const make = () => avatar({ id, avatar: picture }, name, { square: true });
    if (anew) fill(face, make());
    else fillAnew(face, `${name} ${picture}`, make);
  }

  return {
    root,
    redraw(now, leads) {
      drawFace(now);
      choice.root.hidden = !leads;
      choice.redraw();
    },
  };
}
