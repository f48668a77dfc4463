// The sheet of a room: beside it where there is space, else a dialog over it.

import { h, icon } from "../dom.js";
import { CLOSE } from "../icons.js";
import { t } from "../i18n.js";
import { isComposing } from "../keys.js";
import { navigation } from "../navigation.js";
import { keepPanel, wantsPanel } from "../storage.js";
import { openDialog } from "./dialog.js";

const BESIDE = "(min-width: 1200px)";

/**
 * Make what keeps the one sheet that may be open; `app.sheets` is this. `host` is the element that
 * gets the panel as its last child; `changed()` is called when the sheet comes or goes.
 */
export function createSheets({ host, userId, changed }) {
  const wide = matchMedia(BESIDE);
  let sheet = null;
  let restoring = false;

  const onResize = () => sheet?.place();
  const leftByHand = () => keepPanel(userId, false);
  wide.addEventListener("change", onResize);

  return {
    /** Whether the sheet is open beside the room, null where it would be a dialog. */
    get beside() {
      return wide.matches ? sheet !== null : null;
    },

    get isOpen() {
      return sheet !== null;
    },

    /** Show `{title, body, onClose}`; returns `{close}`. */
    open(options) {
      sheet?.close();
      sheet = createSheet({
        ...options,
        host,
        wide,
        byHand: !restoring,
        leftByHand,
        onClose(chosen) {
          sheet = null;
          if (chosen && wide.matches) leftByHand();
          options.onClose?.();
          changed();
        },
      });
      if (wide.matches && !restoring) keepPanel(userId, true);
      changed();
      return sheet;
    },

    close: () => sheet?.close({ chosen: true }),

    /** Another room is shown: its sheet, opened by `open()`, takes the place of this one. */
    follow(open) {
      sheet?.close();
      if (!open || !wide.matches || !wantsPanel(userId)) return;
      restoring = true;
      open();
      restoring = false;
    },

    stop() {
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

function createSheet({ title, body, host, wide, byHand, leftByHand, onClose }) {
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
    const frame = { close: opened.close };
    return frame;
  }

  /** Closed by Back, or because one goes to another place: there the sheet is wanted, too. */
  function leftByLayer() {
    const frame = shown;
    const { pathname } = location;
    frame.close();
    queueMicrotask(() => {
      if (location.pathname === pathname && !navigation.plan) leftByHand();
    });
    done(false);
  }

  function inPanel() {
    const heading = h("h2", { id: "side-panel-title", tabindex: "-1", title }, title);
    const closeIt = () => {
      frame.close();
      done(true);
    };
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
    close({ chosen = false } = {}) {
      const frame = shown;
      done(chosen);
      frame?.close();
    },
  };
}
