// A message's text as elements: made from the tree of markup.js, every text as a text node.

import { fill, h, icon } from "../dom.js";
import { emojiSize } from "../emoji_text.js";
import { CHECK, COPY } from "../icons.js";
import { t } from "../i18n.js";
import { markOf, parse } from "../markup.js";
import { placeOf } from "../router.js";
import { mention } from "./mention.js";

const LINK = { dir: "ltr", tabindex: "-1" }; // its own direction: what stands around cannot turn it round
const COPIED_MS = 2_000;
const trees = new WeakMap(); // by copy of a message: an edited one is another copy

function treeOf(message) {
  if (!trees.has(message)) trees.set(message, parse(message.data));
  return trees.get(message);
}

/** Fill an element with the text of a message; `context` is that of rows. */
export function drawFormatted(node, message, context) {
  const size = emojiSize(message.data);
  node.classList.toggle("emoji-large", size === "large");
  node.classList.toggle("emoji-medium", size === "medium");
  const blocks = treeOf(message);
  const made = { message, context };
  const only = blocks.length === 1 && blocks[0].type === "text";
  fill(node, only ? inline(blocks[0].children, made) : blocks.map((block) => blockOf(block, made)));
}

function blockOf(block, made) {
  if (block.type === "code") return codeBlock(block);
  if (block.type === "quote") {
    return h("blockquote", { dir: "auto" }, block.children.map((child) => blockOf(child, made)));
  }
  if (block.type === "list") return h("ul", { class: "items", role: "list" }, block.items.map((item) => itemOf(item, made)));
  return h("p", { dir: "auto" }, inline(block.children, made));
}

function itemOf({ mark, depth, children }, made) {
  const inside = h("div", { dir: "auto" }, inline(children, made));
  return h("li", { class: `item depth-${depth}` }, h("span", { class: "item-mark" }, `${markOf(mark)} `), inside);
}

function inline(nodes, made) {
  return nodes.map((node) => {
    if (node.type === "text") return node.text;
    if (node.type === "mention") return mention(node.text, made.message, made.context);
    if (node.type === "code") return h("code", { dir: "ltr" }, node.text);
    if (node.type === "link") return linkOf(node, made);
    return h(node.type, {}, inline(node.children, made));
  });
}

/** Links to this server are followed in this page, others in a new tab that learns nothing of it. */
function linkOf({ href, children, host }, made) {
  const shown = host ? withHost(inline(children, made), host) : inline(children, made);
  const place = placeOf(href, location.origin);
  if (!place) {
    return h("a", { ...LINK, href, target: "_blank", rel: "noopener noreferrer nofollow" }, shown);
  }
  const link = h("a", { ...LINK, href }, shown);
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (place.hash) location.hash = place.hash;
    else made.context.follow(place.path);
  });
  return link;
}

/** What a link says and where it leads; signs in the former that turn what follows round end with it. */
function withHost(said, host) {
  return [h("bdi", {}, said), h("span", { class: "link-host", dir: "ltr" }, ` (${host})`)];
}

function codeBlock({ text, language }) {
  // Long lines scroll inside: whoever has no mouse scrolls them with the arrow keys.
  const scroller = h(
    "pre",
    { class: "code-text", tabindex: "-1", role: "group", "aria-label": t("code.label") },
    h("code", {}, text),
  );
  const head = h("div", { class: "code-head" }, h("span", { class: "code-language" }, language), copyCode(text));
  return h("div", { class: "code", dir: "ltr" }, head, scroller);
}

/** The button that copies a block of code; null where the browser gives pages no clipboard. */
function copyCode(text) {
  if (!navigator.clipboard) return null;
  const button = h("button", { type: "button", class: "code-copy", tabindex: "-1" });
  const show = (symbol, label) => fill(button, icon(symbol), h("span", {}, t(label)));
  show(COPY, "code.copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      show(CHECK, "code.copied");
    } catch {
      show(COPY, "copy_failed");
    }
    setTimeout(() => show(COPY, "code.copy"), COPIED_MS);
  });
  return button;
}
