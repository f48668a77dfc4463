// What can be done to one message: the menu of the bar, of a right click and of a long press.

import { h } from "../dom.js";
import { QUICK } from "../emoji.js";
import { t } from "../i18n.js";
import { COPY, DOWNLOAD, LINK, PENCIL, PEOPLE, PIN, REPLY, SELECT, SMILE, TRASH } from "../icons.js";
import { rightsOver } from "../rights.js";
import { reactsWith } from "../versions.js";
import { openDialog } from "./dialog.js";
import { openMenu } from "./menu.js";

/** Open the menu of a message; `acts` has what its items call. */
export function openMessageMenu({ store, room, message, at, acts, onClose }) {
  const rights = rightsOver(store, room, message);
  const author = store.authorOf(message);
  const touched = matchMedia("(pointer: coarse)").matches;
  const copies = Boolean(navigator.clipboard); // browsers have it on https and on this machine only
  const hasText = Boolean(message.data); // not where there are files alone
  const item = (wanted, key, symbol, name, more) =>
    wanted && { text: t(key), icon: symbol, action: () => acts[name](message), ...more };
  const quick = QUICK.map((emoji) => ({
    text: emoji,
    label: t("act.react_with", { emoji }),
    checked: reactsWith(message, emoji, store.me.id),
    action: () => acts.react(message, emoji),
  }));
  const pick = { icon: SMILE, label: t("act.react"), action: () => acts.pick(message, at) };
  const items = [
    item(rights.reply, "act.reply", REPLY, "reply"),
    item(rights.edit, "act.edit", PENCIL, "edit"),
    item(copies && hasText, "act.copy", COPY, "copyText"),
    item(copies, "act.copy_link", LINK, "copyLink"),
    item(message.files?.length === 1, "files.save", DOWNLOAD, "save"),
    item(touched && hasText, "act.select", SELECT, "select"),
    item(rights.pin, message.pinned ? "act.unpin" : "act.pin", PIN, "pin"),
    item(message.reactions?.length, "act.reacted", PEOPLE, "showReacted"),
    item(rights.remove, "act.delete", TRASH, "remove", { danger: true }),
  ].filter(Boolean);
  openMenu({
    label: t("act.menu", { name: author }),
    at,
    quick: rights.react ? [...quick, pick] : [],
    items,
    onClose,
  });
}

/** Show a text where it can be selected: a long press on the message itself opens its menu. */
export function openSelection(text) {
  const selectable = h("p", { class: "selectable", dir: "auto" }, text);
  openDialog({ title: t("act.select"), body: selectable });
  getSelection().selectAllChildren(selectable);
}
