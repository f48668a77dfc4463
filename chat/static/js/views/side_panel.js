// The sheet of a room, or a search: beside the room where there is space, else a dialog over it.

import { h, icon } from "../dom.js";
import { CLOSE } from "../icons.js";
import { t } from "../i18n.js";
import { isComposing } from "../keys.js";
import { navigation } from "../navigation.js";
import { keepPanel, wantsPanel } from "../storage.js";
import { openDialog } from "./dialog.js";

const BESIDE = "(min-width: 1200px)";
const ROOM = "room"; // the name of a room's own sheet

/**
 * Make what keeps the one sheet that may be open; `app.sheets` is this. `host` is the element that
 * gets the panel as its last child; `changed()` is called when the sheet comes or goes, `ready(task)`
 * calls the task with what makes sheets once that is here.
 */
export function createSheets({ host, userId, changed, ready }) {
  const wide = matchMedia(BESIDE);
  let sheet = null;
  let name = null; // of the sheet that is open
  let stays = false; // and whether it stays when another room is shown
  let reopen = null; // opens the sheet of the room that is shown
  let restoring = false;

  const onResize = () => sheet?.place();
  const leftByHand = () => keepPanel(userId, false);

  /** The sheet of the room, where one wants to see it. */
  function restore() {
    const asked = reopen;
    if (!asked || !wide.matches || !wantsPanel(userId)) return;
    ready((loaded) => {
      if (asked !== reopen || sheet) return; // another one came meanwhile
      restoring = true;
      asked(loaded);
      restoring = false;
    });
  }

  wide.addEventListener("change", onResize);

  return {
    /** Whether a sheet would stand beside the room. */
    get isWide() {
      return wide.matches;
    },

    /** Whether the sheet of a name is open beside the room, null where it would be a dialog. */
    beside(wanted = ROOM) {
      return wide.matches ? name === wanted : null;
    },

    /** The name of the sheet that is open, or null. */
    get shown() {
      return name;
    },

    /**
     * Show `{title, body, onClose}`; returns `{close, settle}`. One that `stays` does so when another
     * room is shown. `byHand`: somebody asked for it just now.
     */
    open(options) {
      sheet?.close();
      const isRoom = !options.name;
      name = options.name ?? ROOM;
      stays = Boolean(options.stays);
      sheet = createSheet({
        byHand: !restoring,
        ...options,
        host,
        wide,
        leftByHand: isRoom ? leftByHand : () => {},
        onClose(chosen) {
          sheet = null;
          name = null;
          stays = false;
          if (chosen && isRoom && wide.matches) leftByHand();
          options.onClose?.();
          if (chosen && !isRoom) restore();
          changed();
        },
      });
      if (wide.matches && !restoring && isRoom) keepPanel(userId, true);
      changed();
      return sheet;
    },

    close: () => sheet?.close({ chosen: true }),

    /** Another room is shown: its sheet, opened by `open(loaded)`, takes the place of this one, unless that stays. */
    follow(open, { all = false } = {}) {
      reopen = open;
      if (stays && wide.matches && !all) return;
      sheet?.close();
      restore();
    },

    stop() {
      reopen = null;
      wide.removeEventListener("change", onResize);
      sheet?.close();
    },
  };
}

/**
 * Open the sheet of a room, which `make(app, roomId, close)` makes: `{title, body, stop}`. It goes
 * with its room. The window may become wider or narrower: `body` is moved then, not made anew.
 */
export function openRoomSheet(app, roomId, make) {
  const { title, body, stop } = make(app, roomId, () => opened.close());
  const stopListening = app.store.subscribe((key) => {
    if (key === `room:${roomId}` && !app.store.rooms.has(roomId)) opened.close();
  });
  const onClose = () => {
    stopListening();
    stop();
  };
  const opened = app.sheets.open({ title, body, onClose });
}

function createSheet({ title, body, host, wide, byHand, stays = false, leftByHand, onClose }) {
  const content = h("div", { class: "sheet-body" }, body);
  const opener = document.activeElement;
  let shown = null; // the dialog or the panel it is in

  function done(chosen) {
    if (!shown) return;
    shown = null;
    onClose(chosen);
  }

  function inDialog() {
    const opened = openDialog({
      title,
      body: content,
      sheet: true,
      onClose: () => shown === frame && done(true),
    });
    const frame = { close: opened.close, settle() {} };
    return frame;
  }

  /** Closed by Back, or because one goes to another place: there the sheet is wanted, too. */
  function leftByLayer() {
    const frame = shown;
    const { pathname } = location;
    const isBack = () => location.pathname === pathname && !navigation.plan;
    if (stays) {
      queueMicrotask(() => shown === frame && isBack() && leave(frame));
      return;
    }
    frame.close();
    queueMicrotask(() => isBack() && leftByHand());
    done(false);
  }

  function leave(frame) {
    frame.close();
    done(true);
  }

  function inPanel() {
    const heading = h("h2", { id: "side-panel-title", tabindex: "-1", title }, title);
    const closeIt = () => leave(frame);
    const panel = h(
      "aside",
      { class: "side-panel", "aria-labelledby": "side-panel-title" },
      h(
        "header",
        { class: "dialog-head" },
        heading,
        h("button", { type: "button", class: "icon-button", "aria-label": t("close"), onclick: closeIt }, icon(CLOSE)),
      ),
      h("div", { class: "dialog-body" }, content),
    );
    panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || isComposing(event)) return;
      closeIt();
    });
    host.append(panel);
    if (byHand) heading.focus({ preventScroll: true });
    // One that stands there since the room was opened is part of the place: Back leads away from it.
    const closed = byHand ? navigation.layer(leftByLayer) : () => {};
    const frame = {
      settle: closed,
      close() {
        const hadFocus = panel.contains(document.activeElement);
        closed();
        panel.remove();
        if (hadFocus && opener?.isConnected) opener.focus({ preventScroll: true });
      },
    };
    return frame;
  }

  function place() {
    const focused = content.contains(document.activeElement) ? document.activeElement : null;
    const before = shown;
    shown = wide.matches ? inPanel() : inDialog();
    before?.close();
    focused?.focus({ preventScroll: true });
  }

  place();
  return {
    place,
    /** It is part of the place from now on: Back leads away from there, and does not close it. */
    settle: () => shown?.settle(),
    close({ chosen = false } = {}) {
      const frame = shown;
      done(chosen);
      frame?.close();
    },
  };
}
