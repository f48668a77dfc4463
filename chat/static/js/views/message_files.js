// The files of a message: pictures in a grid, everything else as cards; while they are on their way too.

import { fill, h, icon, keyed, setAttr, setText } from "../dom.js";
import { isPicture } from "../files/kinds.js";
import { boxOf, spansOf } from "../files/layout.js";
import { fileSize } from "../format.js";
import { DOWNLOAD } from "../icons.js";
import { t } from "../i18n.js";
import { fileName } from "./file_name.js";
import { fileSign } from "./file_sign.js";
import { askAgain, createPicture, isGone, showPicture } from "./picture.js";
import { drawRing } from "./upload_ring.js";

const shown = new WeakMap(); // by node: {message, file}, as it is now

/** Whether a file is shown as a picture: one that was not kept cannot be. */
const isVisible = (file) => isPicture(file) && Boolean(file.blob || file.id);

export const previewPath = ({ id }) => `/files/${id}/preview`;
export const filePath = ({ id }) => `/files/${id}`;

/**
 * Bring the files in a message's box up to date. `context.files` has `pictures`, `near(node, task)`,
 * `progressOf(key)`, `view(message, file)`, `download(file)` and `drop(clientId, key)`.
 */
export function drawFiles(box, bubble, message, context) {
  const files = message.deleted_at ? [] : (message.files ?? []);
  const found = box.querySelector(":scope > .files");
  box.classList.toggle("has-files", files.length > 0);
  box.classList.toggle("bare", files.length > 0 && files.every(isVisible) && !message.data);
  if (!files.length) {
    found?.remove();
    return;
  }
  // With a direction of its own: that of the box is its text's.
  const root = found ?? h("div", { class: "files", dir: "ltr" }, h("div", { class: "pictures" }), h("div", { class: "cards" }));
  if (!found) box.insertBefore(root, bubble);
  const [grid, cards] = root.children;
  drawGrid(grid, files.filter(isVisible), message, context.files);
  drawCards(cards, files.filter((file) => !isVisible(file)), message, context.files);
}

function drawGrid(grid, files, message, tools) {
  grid.hidden = !files.length;
  const spans = spansOf(files.length);
  grid.classList.toggle("single", files.length === 1);
  const items = files.map((file, at) => ({ file, at, span: spans[at] }));
  // By place: what was on its way keeps its node when the server has it.
  keyed(
    grid,
    items,
    ({ at }) => at,
    () => createThumb(tools),
    (thumb, item) => updateThumb(thumb, item, files.length, message, tools),
  );
}

function createThumb(tools) {
  const picture = createPicture();
  const open = () => {
    const { message, file } = shown.get(thumb);
    if (askAgain(picture)) return;
    if (file.id && message.seq && !isGone(picture)) tools.view(message, file, thumb);
  };
  const verb = h("span", { class: "thumb-verb visually-hidden" }, `${t("files.show")} `); // the image says what
  const button = h("button", { type: "button", class: "thumb-open", tabindex: "-1", onclick: open }, verb, picture);
  const thumb = h("span", { class: "thumb" }, button);
  return thumb;
}

function updateThumb(thumb, { file, span }, count, message, tools) {
  const [button] = thumb.children;
  shown.set(thumb, { message, file });
  setAttr(thumb, "data-file", file.id);
  if (count === 1) {
    const { width, height } = boxOf(file);
    thumb.style.setProperty("--width", `${width}px`);
    thumb.style.setProperty("--ratio", `${width} / ${height}`);
    thumb.className = "thumb";
  } else {
    thumb.className = `thumb span-${span}`;
  }
  showPicture(button.lastChild, pictureOf(file, message), tools);
  drawUpload(thumb, file, message, tools);
}

/** What showPicture() needs of a file, one that is still here or one of the server. */
function pictureOf(file, message) {
  const owner = { message: message.id, room: message.room_id };
  const local = file.blob && { key: file.key, blob: file.blob };
  return { path: local ? null : previewPath(file), local, name: file.name, owner };
}

function drawUpload(host, file, message, { progressOf, drop }) {
  const isOnItsWay = !message.seq && message.state === "pending" && file.blob;
  const cancel = () => drop(message.client_id, file.key);
  const upload = isOnItsWay && { key: file.key, name: file.name, done: Boolean(file.id), cancel };
  drawRing(host, upload || null, progressOf(file.key));
}

function drawCards(cards, files, message, tools) {
  cards.hidden = !files.length;
  keyed(
    cards,
    files.map((file, at) => ({ file, at })),
    ({ at }) => at,
    () => createCard(tools),
    (card, { file }) => updateCard(card, file, message, tools),
  );
}

function createCard({ download }) {
  const act = () => {
    const { file, message } = shown.get(card);
    if (message.seq) download(file);
  };
  const card = h(
    "span",
    { class: "file-card" },
    h(
      "button",
      { type: "button", class: "file-open", tabindex: "-1", onclick: act },
      h("span", { class: "file-face" }),
      h("span", { class: "visually-hidden" }, `${t("files.save")} `),
      h("span", { class: "file-about" }, h("span", { class: "file-line" }), h("span", { class: "file-size" })),
      h("span", { class: "file-get" }, icon(DOWNLOAD)),
    ),
  );
  return card;
}

function updateCard(card, file, message, tools) {
  const [button] = card.children;
  const [face, verb, about, get] = button.children;
  const before = shown.get(card)?.file;
  shown.set(card, { message, file });
  if (before?.name !== file.name) {
    fill(face, fileSign(file));
    fill(about.firstChild, fileName(file.name));
  }
  setText(about.lastChild, fileSize(file.size));
  verb.hidden = !message.seq;
  get.classList.toggle("is-hidden", !message.seq);
  drawUpload(card, file, message, tools);
}
