// One result of a search: where and when it was said, by whom, and the text around what was found.

import { fillAnew, h, icon, setAttr, setText } from "../dom.js";
import { clock, full } from "../format.js";
import { CLIP, DOWN_SMALL, REPLY } from "../icons.js";
import { t } from "../i18n.js";
import { opensElsewhere } from "../keys.js";
import { plainText } from "../markup.js";
import { pathOf } from "../router.js";
import { cut } from "../search/cutting.js";
import { rangesOf } from "../search/words.js";
import { oneLine } from "../text.js";
import { avatar } from "./avatar.js";
import { excerptOf } from "./excerpt.js";

const JOINED = "…\u2060"; // else a long word behind it would leave it alone on its line
const parts = new WeakMap(); // by row: its parts, and the result that it shows

/** Make the row of a result; `go(result)` leads to its message, `toggle(result)` shows what is around. */
export function createHit({ go, toggle }) {
  const own = {
    result: null,
    face: h("span", { class: "hit-face" }),
    author: h("bdi", { class: "hit-author" }),
    room: h("span", { class: "hit-room" }, h("bdi")),
    time: h("time", { class: "hit-time" }),
    text: h("span", { class: "hit-text", dir: "auto" }),
    signs: h("span", { class: "hit-signs" }),
    before: h("div", { class: "hit-near" }),
    after: h("div", { class: "hit-near" }),
  };
  own.link = h(
    "a",
    { class: "hit-link" },
    own.face,
    h("span", { class: "hit-line" }, own.author, own.room, own.time),
    h("span", { class: "hit-body" }, own.text, own.signs),
  );
  own.link.addEventListener("click", (event) => {
    if (opensElsewhere(event)) return;
    event.preventDefault();
    go(own.result);
  });
  own.more = h("button", { type: "button", class: "hit-more", onclick: () => toggle(own.result) }, icon(DOWN_SMALL));
  const node = h("li", { class: "hit" }, own.before, own.link, own.more, own.after);
  parts.set(node, own);
  return node;
}

/** The link of a row, which is what has the focus. */
export const linkOf = (node) => parts.get(node)?.link;

/** Bring a row up to date in place; `words` are those of the search, `showsRoom` tells where it was said. */
export function updateHit(node, result, { store, words, showsRoom }) {
  const own = parts.get(node);
  const { message } = result;
  const room = store.rooms.get(message.room_id);
  own.result = result;
  const author = store.authorOf(message);
  const known = store.gone.has(message.user_id) ? null : store.users.get(message.user_id);
  const user = known ?? { id: message.user_id };
  fillAnew(own.face, `${author} ${user.avatar}`, () => avatar(user, author));
  setText(own.author, author);
  own.room.hidden = !showsRoom || !room;
  if (room) {
    setText(own.room.firstChild, store.titleOf(room));
    setAttr(own.link, "href", pathOf(room, message.seq));
  }
  setText(own.time, clock(message.created_at));
  setAttr(own.time, "datetime", new Date(message.created_at).toISOString());
  setAttr(own.time, "title", full(message.created_at));
  drawText(own, message, words);
  drawSigns(own.signs, message, store);
  const name = t("search.around", { name: author });
  setAttr(own.more, "aria-label", name);
  setAttr(own.more, "title", name);
  setAttr(own.more, "aria-expanded", String(result.open));
  node.classList.toggle("open", result.open);
  drawNear(own.before, result, result.before, store);
  drawNear(own.after, result, result.after, store, { isLast: true });
}

/** The text without its marks; with them where only they have what was found, such as an address. */
function drawText({ text }, message, words) {
  const deleted = Boolean(message.deleted_at);
  text.classList.toggle("deleted", deleted);
  fillAnew(text, `${message.id} ${message.version} ${words.join("\n")}`, () => {
    if (deleted) return t("message.deleted");
    const shown = oneLine(plainText(message.data));
    const line = rangesOf(shown, words).length ? shown : oneLine(message.data);
    const pieces = cut(rangesOf(line, words).length ? line : shown, words);
    if (pieces[0]?.text === "…") pieces[0].text = JOINED;
    return pieces.map((piece) => (piece.isMatch ? h("mark", {}, piece.text) : piece.text));
  });
}

/** That it answers something, and which files it has. */
function drawSigns(signs, message, store) {
  const quote = message.deleted_at ? null : message.reply_to;
  const files = message.deleted_at ? [] : (message.files ?? []);
  const look = [quote && `${store.authorOf(quote)} ${quote.version}`, ...files.map(({ name }) => name)].join("\n");
  signs.hidden = !quote && !files.length;
  fillAnew(signs, look, () => [
    quote && sign(REPLY, t("search.answers", { name: store.authorOf(quote), text: excerptOf(quote) })),
    files.map(({ name }) => sign(CLIP, name || t("search.file"))),
  ]);
}

function sign(path, text) {
  return h("span", { class: "hit-sign" }, icon(path), h("span", { dir: "auto" }, text));
}

/** The message before or behind, once it is there. */
function drawNear(place, { open, failed, loaded }, message, store, { isLast = false } = {}) {
  place.hidden = !open || (!message && (!isLast || loaded));
  if (place.hidden) return;
  const look = message ? `${message.id} ${message.version} ${store.authorOf(message)}` : String(failed);
  fillAnew(place, look, () => {
    if (!message) return h("p", { class: "muted" }, t(failed ? "search.around_failed" : "loading"));
    return [
      h("bdi", { class: "hit-author" }, store.authorOf(message)),
      h("span", { class: "hit-near-text", dir: "auto" }, excerptOf(message)),
    ];
  });
}
