// Pictures of a room over the whole window, one at a time.

import { fill, h, icon, setAttr, setText } from "../dom.js";
import { isPicture } from "../files/kinds.js";
import { clock, day, full } from "../format.js";
import { BACK, CLOSE, DOWNLOAD, NEXT, PICTURE_OFF, ZOOM_IN, ZOOM_OUT } from "../icons.js";
import { t } from "../i18n.js";
import { hasModifier, isComposing } from "../keys.js";
import { navigation } from "../navigation.js";
import { draw } from "../schedule.js";
import { filePath, previewPath } from "./message_files.js";
import { createGestures } from "./viewer_gestures.js";

const STEP = 1.5; // of the zoom

/** All pictures of the messages that are loaded of a room, in order: `[{message, file}]`. */
function picturesOf(store, roomId) {
  return store
    .timeline(roomId)
    .messages.flatMap((message) => (message.files ?? []).filter(isPicture).map((file) => ({ message, file })));
}

/** Show a picture of a message; ← and → go through the others of the room. */
export function openViewer(app, { roomId, message, file, opener, download }) {
  const { store, pictures } = app;
  let current = { message, file };
  const image = h("img", { class: "viewer-picture", draggable: "false", alt: "" });
  const note = h("p", { class: "viewer-note", role: "status", hidden: true });
  const stage = h("div", { class: "viewer-stage" }, image, note);
  const button = (label, path, onclick, more = {}) =>
    h("button", { type: "button", class: "viewer-button", "aria-label": label, title: label, onclick, ...more }, icon(path));
  const author = h("bdi", { class: "viewer-author" });
  const about = h("p", { class: "viewer-about" });
  const count = h("p", { class: "viewer-count" });
  const out = button(t("viewer.zoom_out"), ZOOM_OUT, () => gestures.zoom(1 / STEP), { disabled: true });
  const back = button(t("viewer.previous"), BACK, () => step(-1), { class: "viewer-button viewer-step previous" });
  const next = button(t("viewer.next"), NEXT, () => step(1), { class: "viewer-button viewer-step next" });
  const dialog = h(
    "dialog",
    { class: "viewer", "aria-label": t("viewer.label") },
    h(
      "header",
      { class: "viewer-head" },
      h("div", { class: "viewer-who" }, author, about),
      count,
      out,
      button(t("viewer.zoom_in"), ZOOM_IN, () => gestures.zoom(STEP), { class: "viewer-button viewer-zoom" }),
      button(t("viewer.download"), DOWNLOAD, () => download(current.file)),
      button(t("close"), CLOSE, close),
    ),
    stage,
    back,
    next,
  );
  out.classList.add("viewer-zoom");
  const gestures = createGestures(stage, {
    image: () => (image.hidden ? null : image),
    step,
    close,
    changed: (scale) => (out.disabled = scale <= 1),
  });

  function close() {
    dialog.close();
  }

  const all = () => picturesOf(store, roomId);
  const placeIn = (list) => list.findIndex((one) => one.file.id === current.file.id);

  function step(by) {
    const list = all();
    const other = list[placeIn(list) + by];
    if (!other) return;
    current = other;
    show();
  }

  /** What stands around the picture. */
  function drawAround() {
    const list = all();
    const place = placeIn(list);
    setText(author, store.authorOf(current.message));
    const at = current.message.created_at;
    setText(about, `${day(at)} ${clock(at)}`);
    setAttr(about, "title", full(at));
    setText(count, list.length > 1 && place >= 0 ? t("viewer.count", { at: place + 1, count: list.length }) : "");
    back.disabled = place <= 0;
    next.disabled = place < 0 || place === list.length - 1;
    back.hidden = next.hidden = list.length < 2;
  }

  async function show() {
    const { file: shown, message: from } = current;
    const isCurrent = () => dialog.isConnected && current.file.id === shown.id;
    gestures.reset();
    note.hidden = true;
    image.alt = shown.name;
    setAttr(image, "width", shown.width);
    setAttr(image, "height", shown.height);
    drawAround();
    const owner = { message: from.id, room: from.room_id };
    const put = (url, path) => {
      if (image.src !== url) image.src = url;
      image.hidden = false;
      pictures.hold(path, image);
    };
    const small = pictures.peek(previewPath(shown));
    if (small) put(small, previewPath(shown));
    else image.hidden = true;
    stage.classList.add("loading");
    try {
      const path = filePath(shown);
      const url = await pictures.load(path, owner);
      const probe = new Image();
      probe.src = url;
      await probe.decode();
      if (isCurrent()) put(url, path);
    } catch (error) {
      if (isCurrent() && (!small || error.code === "not_found")) miss(error.code === "not_found" ? "files.gone" : "files.failed");
    } finally {
      if (isCurrent()) stage.classList.remove("loading");
    }
  }

  function miss(key) {
    image.hidden = true;
    note.hidden = false;
    fill(note, icon(PICTURE_OFF), h("span", {}, t(key)));
  }

  /** The message may have been deleted, or the room left, while its picture is looked at. */
  function redraw() {
    if (!dialog.isConnected) return;
    if (!store.rooms.has(roomId)) {
      close();
      return;
    }
    const latest = store.timeline(roomId).at(current.message.seq);
    if (latest && !(latest.files ?? []).some(({ id }) => id === current.file.id)) {
      image.removeAttribute("src");
      miss("files.gone");
    }
    drawAround();
  }

  dialog.addEventListener("keydown", (event) => {
    if (isComposing(event) || hasModifier(event)) return;
    const acts = {
      ArrowLeft: () => step(-1),
      ArrowRight: () => step(1),
      "+": () => gestures.zoom(STEP),
      "=": () => gestures.zoom(STEP),
      "-": () => gestures.zoom(1 / STEP),
      0: gestures.reset,
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  const stopListening = store.subscribe((key) => {
    if (key === `timeline:${roomId}` || key === "rooms") draw(redraw);
  });
  dialog.addEventListener("close", () => {
    closed();
    stopListening();
    dialog.remove();
    // Where the picture last looked at is, if that is in the list; else what was clicked.
    const thumb = document.querySelector(`.thumb[data-file="${CSS.escape(current.file.id)}"] .thumb-open`) ?? opener;
    if (thumb?.isConnected) thumb.focus({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
  const closed = navigation.layer(close);
  show();
}
