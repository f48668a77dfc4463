// The pinned messages of a room, the one pinned last first.

import { newerOf } from "./versions.js";

/** The list after some messages have changed. */
export function pinsAfter(pins, changed) {
  let list = pins;
  for (const message of changed) {
    const known = list.find(({ id }) => id === message.id);
    if (known) {
      const newest = newerOf(known, message);
      list = list.flatMap((one) => (one !== known ? [one] : newest.pinned ? [newest] : []));
    } else if (message.pinned) {
      list = [message, ...list];
    }
  }
  return list;
}
