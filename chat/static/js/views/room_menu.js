// What one can do with a conversation from its line in the list.

import { notifyOf, notifyValues, unreadIn } from "../attention.js";
import { attempt } from "../errors.js";
import { BELL, BELL_OFF, CHECKS, HIDE, LEAVE, MENTION, PIN, UNPIN } from "../icons.js";
import { t } from "../i18n.js";
import { edgesOf } from "../placing.js";
import { hideRoom } from "./hiding.js";
import { leaveGroup } from "./leaving.js";
import { openMenu } from "./menu.js";

const NOTIFY = { all: BELL, mentions: MENTION, none: BELL_OFF };

/** Open the menu of a room by `opener`, or by the edges `at`. */
export function openRoomMenu(app, roomId, opener, at) {
  const room = app.store.rooms.get(roomId);
  if (!room || room.provisional) return;
  openMenu({
    label: t("rooms.menu", { name: app.store.titleOf(room) }),
    at: at ?? { ...edgesOf(opener), end: true },
    items: itemsOf(app, room),
    onClose: () => opener.isConnected && opener.focus({ preventScroll: true }),
  });
}

function itemsOf(app, room) {
  const { store, actions, toast } = app;

  /** An item; what goes wrong is said. */
  const item = (path, text, task, more = {}) => ({
    icon: path,
    text,
    ...more,
    action: () => attempt(toast, task),
  });

  const wanted = notifyOf(room);
  const choices = notifyValues(room).filter((one) => one !== wanted);
  const items = [
    item(room.pinned ? UNPIN : PIN, t(room.pinned ? "rooms.unpin" : "rooms.pin"), () =>
      actions.pinRoom(room.id, !room.pinned),
    ),
    ...choices.map((one) => item(NOTIFY[one], t(`notify_of.set_${one}`), () => actions.setNotify(room.id, one))),
  ];
  if (unreadIn(room)) {
    items.push(item(CHECKS, t("rooms.mark_read"), () => actions.markRead(room.id, room.last_seq)));
  }
  if (room.kind === "direct") items.push(item(HIDE, t("hide.do"), () => hideRoom(app, room)));
  else if (room.owner_id !== store.me.id) {
    items.push(item(LEAVE, t("group.leave"), () => leaveGroup(app, room.id), { danger: true }));
  }
  return items;
}
