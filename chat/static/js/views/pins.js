// The pinned messages of a room: the newest one in a bar below the head, all of them in a dialog.

import { fill, h, icon, keyed, setText } from "../dom.js";
import { attempt } from "../errors.js";
import { t } from "../i18n.js";
import { LIST, PIN } from "../icons.js";
import { rightsOver } from "../rights.js";
import { openDialog } from "./dialog.js";
import { excerptOf } from "./excerpt.js";
import { moment } from "./moment.js";

/** Make the bar; `goTo(seq)` shows a message. Returns `{root, redraw, load}`. */
export function createPins({ roomId, app, goTo }) {
  const { store, actions } = app;
  const label = h("span", { class: "pins-label" });
  const excerpt = h("span", { class: "pins-excerpt", dir: "auto" });
  const jump = h(
    "button",
    { type: "button", class: "pins-jump", onclick: () => goTo(pins()[0].seq) },
    icon(PIN),
    h("span", { class: "pins-text" }, label, excerpt),
  );
  const all = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": t("pins.all"), title: t("pins.all"), onclick: openAll },
    icon(LIST),
  );
  const bar = h("section", { class: "pins", "aria-label": t("pins.title"), hidden: true }, jump, all);
  const root = h("div", {}, bar);
  let loading = false;
  let redrawAll = null; // of the dialog, while it is open

  const id = () => store.idOf(roomId); // one that was provisional may have begun
  const pins = () => store.pins.get(id()) ?? [];

  async function load() {
    if (loading || store.rooms.get(id())?.provisional) return;
    loading = true;
    try {
      await actions.loadPins(id());
    } catch {
      // the next redraw asks again, as long as nothing is known
    } finally {
      loading = false;
    }
  }

  function redraw() {
    if (!store.pins.has(id())) load(); // not asked for yet, or the room was started over
    const [newest, ...others] = pins();
    bar.hidden = !newest;
    if (newest) {
      setText(label, t("pins.newest", { count: others.length + 1 }));
      setText(excerpt, t("pins.line", { name: store.authorOf(newest), text: excerptOf(newest) }));
    }
    redrawAll?.();
  }

  function openAll() {
    const list = h("ul", { class: "pins-list", role: "list" });
    const { close } = openDialog({ title: t("pins.title"), body: list, onClose: () => (redrawAll = null) });
    redrawAll = () => {
      if (!pins().length) close();
      keyed(list, pins(), ({ id }) => id, (message) => createPin(message, close), updatePin);
    };
    redrawAll();
  }

  function createPin({ seq }, close) {
    const show = () => {
      close();
      goTo(seq);
    };
    return h(
      "li",
      { class: "pin-item" },
      h("button", { type: "button", class: "pin-jump", onclick: show }, h("span", { class: "pin-meta" }), h("span", { class: "pin-text", dir: "auto" })),
      h("button", { type: "button", class: "button", onclick: () => unpin(seq) }, t("pins.unpin")),
    );
  }

  function updatePin(item, message) {
    const [jumpTo, unpins] = item.children;
    const [meta, text] = jumpTo.children;
    fill(meta, h("bdi", { class: "pin-author" }, store.authorOf(message)), " ", moment("pins.when", message.created_at));
    setText(text, excerptOf(message));
    unpins.hidden = !rightsOver(store, store.rooms.get(id()), message).pin;
  }

  async function unpin(seq) {
    const message = pins().find((one) => one.seq === seq);
    if (await attempt(app.toast, () => actions.pin(message, false))) app.toast(t("pins.unpinned"));
  }

  return { root, redraw, load };
}
