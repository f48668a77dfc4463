// What one does to the messages of a room: one bar and one menu serve all its rows.

import { h } from "../dom.js";
import { attempt } from "../errors.js";
import { t } from "../i18n.js";
import { hasModifier, isComposing } from "../keys.js";
import { edgesOf } from "../placing.js";
import { pathOf } from "../router.js";
import { rightsOver } from "../rights.js";
import { reactsWith } from "../versions.js";
import { copyText } from "./copy.js";
import { confirm } from "./dialog.js";
import { download } from "./download.js";
import { excerptOf } from "./excerpt.js";
import { onLongPress } from "./long_press.js";
import { createMessageBar } from "./message_bar.js";
import { openMessageMenu, openSelection } from "./message_menu.js";
import { pickEmoji } from "./pick_emoji.js";
import { messageOf as shownIn } from "./row.js";

/**
 * Serve the rows of `list`, the messages of a room. `compose` has `reply(message)` and
 * `edit(message)`. Returns `{redraw, stop}`.
 */
export function createMessageActions({ list, roomId, app, compose }) {
  const { store, actions } = app;
  const room = () => store.rooms.get(roomId);

  function react(message, emoji, on = !reactsWith(latest(message), emoji, store.me.id)) {
    return attempt(app.toast, () => actions.react(message, emoji, on));
  }

  const latest = (message) => store.timeline(roomId).at(message.seq) ?? message;

  const pick = (message, at) => pickEmoji(app, at, (emoji) => react(message, emoji, true));

  async function remove(message) {
    const own = message.user_id === store.me.id;
    const agreed = await confirm({
      title: t("delete_message.title"),
      text: [
        own ? t("delete_message.own") : t("delete_message.other", { name: store.authorOf(message) }),
        h("bdi", { class: "quoted" }, excerptOf(message)),
      ],
      action: t("delete"),
    });
    if (agreed && (await attempt(app.toast, () => actions.remove(message)))) app.toast(t("delete_message.done"));
  }

  async function pin(message) {
    const on = !message.pinned;
    if (await attempt(app.toast, () => actions.pin(message, on))) app.toast(t(on ? "pins.pinned" : "pins.unpinned"));
  }

  const acts = {
    ...compose,
    react,
    pick,
    pin,
    remove,
    copyText: (message) => copyText(app.toast, message.data, t("act.copied")),
    copyLink: (message) => copyText(app.toast, location.origin + pathOf(room(), message.seq), t("act.link_copied")),
    save: (message) => download(app, message.files[0]),
    select: (message) => openSelection(message.data),
    showReacted: (message, emoji) => app.parts.open(({ openReacted }) => openReacted(app, latest(message), emoji)),
  };

  /** The message of a row that something can be done to, or null. */
  function messageOf(row) {
    const message = row ? shownIn(row) : null;
    return message?.seq && !message.deleted_at ? message : null;
  }

  const rowOf = (node) => node.closest?.("li.message") ?? null;

  function openMenu(row, at) {
    const message = messageOf(row);
    if (!message || !room()) return;
    if (!row.contains(document.activeElement)) row.focus({ preventScroll: true }); // gets the focus back
    row.classList.add("acted-on");
    const onClose = () => row.classList.remove("acted-on");
    openMessageMenu({ store, room: room(), message, at, acts, onClose });
  }

  const bar = createMessageBar({
    store,
    react,
    pick,
    reply: compose.reply,
    more: (_, button) => openMenu(rowOf(button), edgesOf(button)),
  });

  function showBar(row) {
    const message = messageOf(row);
    if (message && room()) bar.show(row, message, rightsOver(store, room(), message));
    else bar.hide();
  }

  const barHasFocus = () => bar.root.contains(document.activeElement);

  const touched = matchMedia("(hover: none) and (pointer: coarse)"); // a long press shows more than the bar

  function onPointerOver(event) {
    if (touched.matches || event.pointerType === "touch" || barHasFocus()) return;
    const row = rowOf(event.target);
    if (row && row !== bar.row) showBar(row);
  }

  function onFocusIn(event) {
    const row = rowOf(event.target);
    if (!row || touched.matches || bar.root.contains(event.target)) return;
    if (row === bar.row || event.target.matches(":focus-visible")) showBar(row);
  }

  function onFocusOut({ relatedTarget }) {
    const { row } = bar;
    if (row && !row.contains(relatedTarget) && !row.matches(":hover")) bar.hide();
  }

  function onContextMenu(event) {
    if (event.target.closest("a, .reaction")) return; // the browser's menu knows more about links
    const row = rowOf(event.target);
    if (!messageOf(row)) return;
    const selection = getSelection();
    if (!selection.isCollapsed && selection.containsNode(event.target, true)) return; // to be copied
    event.preventDefault();
    if (event.pointerType === "touch") return; // the long press is ours
    const { clientX: x, clientY: y } = event;
    openMenu(row, x || y ? { left: x, right: x, top: y, bottom: y } : edgesOf(row));
  }

  function onKeyDown(event) {
    if (isComposing(event) || event.target !== rowOf(event.target)) return;
    const { key, shiftKey } = event;
    if (hasModifier(event)) return;
    const asks = key === "ContextMenu" || (shiftKey && key === "F10") || (key === "Enter" && !shiftKey);
    if (!asks || !messageOf(event.target)) return;
    event.preventDefault();
    openMenu(event.target, edgesOf(event.target.querySelector(".bubble") ?? event.target));
  }

  function onClick(event) {
    const button = event.target.closest(".reaction");
    const message = button && messageOf(rowOf(button));
    if (message) react(message, button.dataset.emoji);
  }

  const canPress = (node) => !node.closest("a, .message-bar, .trouble") && Boolean(messageOf(rowOf(node)));
  const cancelPress = onLongPress(list, canPress, (node, { x, y }) => {
    const chip = node.closest(".reaction");
    if (chip) acts.showReacted(messageOf(rowOf(node)), chip.dataset.emoji);
    else openMenu(rowOf(node), { left: x, right: x, top: y, bottom: y });
  });

  list.addEventListener("pointerover", onPointerOver);
  list.addEventListener("pointerleave", () => !barHasFocus() && bar.hide());
  list.addEventListener("focusin", onFocusIn);
  list.addEventListener("focusout", onFocusOut);
  list.addEventListener("contextmenu", onContextMenu);
  list.addEventListener("keydown", onKeyDown);
  list.addEventListener("click", onClick);

  return {
    /** Messages have changed: so may have what can be done to the one with the bar. */
    redraw() {
      if (bar.row?.isConnected) showBar(bar.row);
      else bar.hide();
    },
    stop: cancelPress,
  };
}
