// Where messages are written: new ones, replies, and other texts of old ones.

import { fill, h, icon, setAttr, setText } from "../dom.js";
import { CHECK, SEND, SMILE } from "../icons.js";
import { t } from "../i18n.js";
import { hasModifier, isComposing, isSend } from "../keys.js";
import { quoteOf } from "../quoted.js";
import { isBlank } from "../text.js";
import { createAttach } from "./attach.js";
import { createModes } from "./composer_modes.js";
import { createSuggestions } from "./suggestions.js";
import { createTextField } from "./text_field.js";
import { createTray } from "./tray.js";

const LONGEST = 4_000;
const WARN_FROM = 3_800;
const DRAFT_MS = 300;

const unsaved = new Map(); // by room: an edit that was left open, `{message, text}`

/**
 * Make the composer of a room. `draft` is `{text, quote}`, and `keepDraft(draft)` keeps what is not
 * sent yet. `send({text, quote, files})` resolves when that needs no draft any more, `edit(message, text)` to
 * whether the text was taken. `lastOwn()` is the message that ↑ edits, `latest(message)` the newest
 * copy of a message or a quote. `typing()` tells that somebody writes, `find(query)` whom they mention
 * (see createSuggestions), `pickEmoji(button, choose)` lets them choose. `authorOf(quote)`,
 * `goTo(seq)` and `say(text)` are for what stands above the field.
 */
export function createComposer({
  roomId,
  label,
  draft,
  keepDraft,
  send,
  edit,
  lastOwn,
  latest,
  typing,
  find,
  pickEmoji,
  authorOf,
  goTo,
  say,
}) {
  const touch = matchMedia("(pointer: coarse)");
  const field = createTextField({
    class: "composer-input",
    "aria-label": label,
    "aria-autocomplete": "list",
    placeholder: t("composer.placeholder"),
  });
  const { input } = field;
  const count = h("p", { class: "composer-count", role: "status", hidden: true });
  const button = h("button", { type: "submit", class: "send" });
  const emoji = h(
    "button",
    { type: "button", class: "composer-tool", "aria-label": t("composer.emoji"), title: t("composer.emoji") },
    icon(SMILE),
  );
  const tray = createTray({ roomId, changed: () => check(), emptied: () => input.focus() });
  const attach = createAttach((files) => addFiles(files));
  const modes = createModes({ authorOf, goTo, leave: leaveMode });
  const suggestions = createSuggestions({ input, find, put: field.put });
  const line = h("div", { class: "composer-line" }, attach.root, input, emoji, button);
  const box = h("div", { class: "composer-box" }, modes.root, tray.root, line);
  const root = h("form", { class: "composer" }, count, suggestions.root, suggestions.status, box);
  let timer = null;
  let aside = null; // the draft, while an old message is edited
  let saving = false;
  let handedOver = null; // the draft that the outbox has not kept yet
  let stopped = false;

  // Files are not among it: the tray keeps them.
  const draftNow = () => aside ?? { text: input.value, quote: modes.quote };

  /** Whether there is something to send without a text, or to keep without one. */
  function hasFiles() {
    return modes.edited ? latest(modes.edited).files?.length > 0 : tray.count > 0;
  }

  function addFiles(files) {
    if (modes.edited) leaveMode(); // files go with a new message
    tray.add(files);
    input.focus();
  }

  function check() {
    if (stopped) return;
    const length = [...input.value].length;
    button.disabled = saving || tray.isBusy || (isBlank(input.value) && !hasFiles()) || length > LONGEST;
    count.hidden = length < WARN_FROM;
    count.classList.toggle("over", length > LONGEST);
    if (!count.hidden) {
      const left = LONGEST - length;
      setText(count, left < 0 ? t("composer.over", { count: -left }) : t("composer.left", { count: left }));
    }
  }

  function keep() {
    clearTimeout(timer);
    timer = null;
    keepDraft(draftNow());
  }

  function leave() {
    const now = draftNow();
    keepDraft(now.text || !handedOver ? now : handedOver);
  }

  async function handOver(given) {
    handedOver = given;
    await send({ ...given, files: tray.take() });
    handedOver = null;
    if (!stopped) keep();
  }

  function drawMode() {
    const edits = Boolean(modes.edited);
    const name = t(edits ? "save" : "composer.send");
    fill(button, icon(edits ? CHECK : SEND));
    setAttr(button, "aria-label", name);
    setAttr(button, "title", name);
    tray.putAway(edits);
    attach.root.hidden = edits;
    check();
  }

  function reply(quote) {
    if (modes.edited) leaveMode();
    modes.reply(quote);
    drawMode();
    keep();
    input.focus();
  }

  function beginEdit(message, text = message.data) {
    aside ??= draftNow();
    modes.edit(message);
    field.show(text);
    drawMode();
    keep();
  }

  /** Write a new message again; the draft that an edit has put aside comes back. */
  function leaveMode() {
    const { text, quote } = aside ?? { text: input.value, quote: null };
    const edited = Boolean(modes.edited);
    aside = null;
    if (quote) modes.reply(quote);
    else modes.write();
    if (edited) field.show(text);
    drawMode();
    keep();
    input.focus();
  }

  async function save() {
    const message = modes.edited;
    const text = input.value;
    if (text !== latest(message).data) {
      saving = true;
      check();
      const taken = await edit(message, text);
      saving = false;
      check();
      if (!taken || modes.edited?.seq !== message.seq) return;
    }
    leaveMode();
  }

  /** The message that is edited or answered is gone: what was typed becomes the draft. */
  function dropTarget() {
    const edits = Boolean(modes.edited);
    const texts = edits ? [input.value, aside.text] : [input.value];
    say(t(edits ? "composer.edited_gone" : "composer.quoted_gone"));
    aside = null;
    modes.write();
    if (edits) field.show(texts.filter((one) => !isBlank(one)).join("\n"));
    drawMode();
    keep();
  }

  /** Take what a message is by now, null where there is none: perhaps it is edited or answered here. */
  function hear(seq, found) {
    const target = modes.edited ?? modes.quote;
    if (stopped || saving || target?.seq !== seq || found === target) return;
    if (!found || found.deleted_at || found.id !== target.id) dropTarget();
    else if (modes.quote && modes.quote.version !== (found.version ?? 0)) modes.reply(quoteOf(found));
  }

  input.addEventListener("input", () => {
    field.fit();
    check();
    suggestions.refresh();
    if (modes.edited) return;
    if (!isBlank(input.value)) typing();
    timer ??= setTimeout(keep, DRAFT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (isComposing(event) || suggestions.onKey(event)) return;
    const plain = !event.shiftKey && !hasModifier(event);
    const editable = event.key === "ArrowUp" && plain && !input.value && modes.name === "write" ? lastOwn() : null;
    if (event.key === "Escape" && plain && modes.name !== "write") leaveMode();
    else if (editable) beginEdit(editable);
    else if (isSend(event) && !touch.matches) root.requestSubmit(); // on touch keyboards Enter breaks the line
    else {
      field.onCommand(event);
      return;
    }
    event.preventDefault();
  });
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    if (button.disabled) return;
    if (modes.edited) {
      save();
      return;
    }
    handOver(draftNow());
    modes.write();
    field.show("");
    drawMode();
    input.focus();
  });
  emoji.addEventListener("click", () => {
    const { selectionStart: start, selectionEnd: end } = input;
    pickEmoji(emoji, (one) => field.put(start, end, one));
  });
  addEventListener("pagehide", leave);

  if (draft.quote) modes.reply(draft.quote);
  field.show(draft.text);
  const left = unsaved.get(roomId);
  unsaved.delete(roomId);
  if (left) beginEdit(left.message, left.text);
  else drawMode();
  queueMicrotask(field.fit);
  return {
    root,
    focus: () => input.focus(),
    addFiles,
    reply,
    edit(message) {
      beginEdit(message);
      input.focus();
    },
    hear,
    /** Messages have changed, perhaps the one that is edited or answered. */
    redraw() {
      const target = modes.edited ?? modes.quote;
      if (target) hear(target.seq, latest(target));
    },
    suggest: suggestions.refresh,
    stop() {
      const message = modes.edited;
      if (message && input.value !== message.data) unsaved.set(roomId, { message, text: input.value });
      stopped = true;
      keep();
      removeEventListener("pagehide", leave);
    },
  };
}
