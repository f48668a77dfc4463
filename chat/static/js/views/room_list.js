// The conversation list: as many lines as are in view, one stop of Tab, arrows within it.

import { h, keyed, revealSpan, setAttr } from "../dom.js";
import { t } from "../i18n.js";
import { hasModifier, isComposing, opensElsewhere } from "../keys.js";
import { draw } from "../schedule.js";
import { rowsInView } from "../windowed.js";
import { onLongPress } from "./long_press.js";
import { createRoomRow, updateRoomRow } from "./room_row.js";

const ROW_PX = 64; // before one is on the screen to be measured
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity };

/**
 * Make the list in `scroller`. `sources` are what a line shows besides the store: `records(id)` and
 * `draft(id)`; `go(path)` opens a room, `openMenu(id, opener, at)` what one can do with it. Returns
 * `{root, redraw(openId), focus(id), isEmpty}`.
 */
export function createRoomList({ store, scroller, sources, go, openMenu }) {
  const root = h("ul", { class: "rooms", role: "list", tabindex: "-1", "aria-label": t("rooms.label") });
  let rooms = [];
  let openId = null;
  let stopId = null; // the room that Tab leads to
  let typingTimer = null;

  const rowPx = () => root.firstElementChild?.offsetHeight || ROW_PX;
  const indexOf = (id) => rooms.findIndex((room) => room.id === id);
  const linkOf = (id) => root.querySelector(`[data-room="${CSS.escape(id ?? "")}"] > a`);

  /** Those in view, and the one that Tab leads to: what has the focus is not taken away. */
  function drawn() {
    const { from, to } = rowsInView({
      count: rooms.length,
      height: rowPx(),
      top: scroller.scrollTop - root.offsetTop,
      viewport: scroller.clientHeight,
    });
    const indices = Array.from({ length: to - from }, (_, step) => from + step);
    const stop = indexOf(stopId);
    if (stop >= 0 && stop < from) indices.unshift(stop);
    else if (stop >= to) indices.push(stop);
    return indices;
  }

  function show() {
    if (indexOf(stopId) < 0) stopId = indexOf(openId) >= 0 ? openId : (rooms[0]?.id ?? null);
    const last = rooms.length - 1;
    const focused = root.contains(document.activeElement) ? document.activeElement : null;
    const items = drawn().map((index) => ({ room: rooms[index], index }));
    keyed(
      root,
      items,
      ({ room }) => room.id,
      ({ room }) => createRoomRow(room, { openMenu }),
      (item, { room, index }) => {
        item.style.setProperty("--at", index);
        setAttr(item, "aria-posinset", index + 1);
        setAttr(item, "aria-setsize", rooms.length);
        const divides = room.pinned && index < last && !rooms[index + 1].pinned;
        item.classList.toggle("last-pinned", Boolean(divides));
        updateRoomRow(item, room, { store, openId, ...sources, tabStop: room.id === stopId });
      },
    );
    // What moved within the list has lost the focus.
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    root.style.setProperty("--count", rooms.length);
    root.hidden = rooms.length === 0;
    clearTimeout(typingTimer);
    if (items.some(({ room }) => store.typists(room.id).length)) typingTimer = setTimeout(() => draw(show), 1_000);
  }

  /** Bring a line into view. */
  function reveal(index) {
    const height = rowPx();
    revealSpan(scroller, root.offsetTop + index * height, height);
  }

  function focusAt(index) {
    stopId = rooms[index].id;
    reveal(index);
    show();
    linkOf(stopId).focus({ preventScroll: true });
  }

  root.addEventListener("keydown", (event) => {
    if (isComposing(event) || hasModifier(event) || event.shiftKey) return;
    const at = indexOf(event.target.closest("li")?.dataset.room);
    const step = STEPS[event.key];
    if (step === undefined || at < 0) return;
    event.preventDefault();
    focusAt(Math.max(0, Math.min(rooms.length - 1, at + step)));
  });
  root.addEventListener("focusin", ({ target }) => {
    const id = target.closest("li")?.dataset.room;
    if (!id || id === stopId) return;
    stopId = id;
    draw(show);
  });

  let pressed = false; // by a finger, for long: what the browser makes of that is not meant
  root.addEventListener("pointerdown", () => (pressed = false));
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a.room");
    if (!link || opensElsewhere(event)) return;
    event.preventDefault();
    go(new URL(link.href).pathname);
  });

  function askForMenu(target, at) {
    const item = target.closest("li");
    const link = item.querySelector("a");
    openMenu(item.dataset.room, link, at);
  }

  const cancelPress = onLongPress(
    root,
    (target) => Boolean(target.closest("a.room")),
    (target, { x, y }) => {
      pressed = true;
      askForMenu(target, { left: x, right: x, top: y, bottom: y });
    },
  );
  root.addEventListener("contextmenu", (event) => {
    if (!event.target.closest("a.room")) return;
    event.preventDefault();
    cancelPress();
    if (pressed) return; // the long press has opened it
    const { clientX: x, clientY: y } = event;
    const byKey = x === 0 && y === 0;
    askForMenu(event.target, byKey ? null : { left: x, right: x, top: y, bottom: y });
  });
  scroller.addEventListener("scroll", () => draw(show), { passive: true });
  new ResizeObserver(() => draw(show)).observe(scroller); // also when it comes into view

  return {
    root,
    get isEmpty() {
      return rooms.length === 0;
    },
    redraw(nextOpenId) {
      const isOther = nextOpenId && nextOpenId !== openId;
      openId = nextOpenId;
      rooms = store.shownRooms(openId);
      if (isOther) {
        stopId = openId;
        const index = indexOf(openId);
        if (index >= 0) reveal(index);
      }
      show();
    },
    /** Focus the line of a room; the list where it has none. */
    focus(id) {
      const index = indexOf(id);
      if (index >= 0) focusAt(index);
      else root.focus({ preventScroll: true });
    },
  };
}
