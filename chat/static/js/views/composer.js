// Where messages are written.

import { h, icon, setText } from "../dom.js";
import { SEND } from "../icons.js";
import { t } from "../i18n.js";
import { isBlank } from "../text.js";

const LONGEST = 4_000;
const WARN_FROM = 3_800;
const DRAFT_MS = 300;

/** Whether a key press is Enter meant as "send", not as part of writing Chinese. */
export function isSend(event) {
  // Safari ends the composition before it reports the Enter: 229 tells it apart.
  return event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
}

/**
 * Make the composer; `send(text)` resolves when the text needs no draft any more, `typing()` tells
 * that somebody writes, `keepDraft(text)` keeps what is not sent yet.
 */
export function createComposer({ label, draft, keepDraft, send, typing }) {
  const touch = matchMedia("(pointer: coarse)");
  const input = h("textarea", {
    class: "composer-input",
    rows: "1",
    dir: "auto",
    "aria-label": label,
    placeholder: t("composer.placeholder"),
    enterkeyhint: "enter",
  });
  const count = h("p", { class: "composer-count", role: "status", hidden: true });
  const button = h(
    "button",
    { type: "submit", class: "send", "aria-label": t("composer.send"), title: t("composer.send") },
    icon(SEND),
  );
  const root = h("form", { class: "composer" }, count, h("div", { class: "composer-box" }, input, button));
  let timer = null;

  function fit() {
    if (CSS.supports("field-sizing", "content")) return;
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight}px`;
  }

  function check() {
    const length = [...input.value].length;
    button.disabled = isBlank(input.value) || length > LONGEST;
    count.hidden = length < WARN_FROM;
    count.classList.toggle("over", length > LONGEST);
    if (!count.hidden) {
      const left = LONGEST - length;
      setText(count, left < 0 ? t("composer.over", { count: -left }) : t("composer.left", { count: left }));
    }
  }

  let handedOver = ""; // to the outbox, which has not kept it yet
  let stopped = false;

  function keep() {
    clearTimeout(timer);
    timer = null;
    keepDraft(input.value);
  }

  const leave = () => keepDraft(input.value || handedOver);

  async function handOver(text) {
    handedOver = text;
    await send(text);
    handedOver = "";
    if (!stopped) keep();
  }

  input.addEventListener("input", () => {
    fit();
    check();
    if (!isBlank(input.value)) typing();
    timer ??= setTimeout(keep, DRAFT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (touch.matches || !isSend(event)) return; // on touch keyboards Enter breaks the line
    event.preventDefault();
    root.requestSubmit();
  });
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    if (button.disabled) return;
    handOver(input.value);
    input.value = "";
    fit();
    check();
    input.focus();
  });
  addEventListener("pagehide", leave);

  input.value = draft;
  check();
  queueMicrotask(fit);
  return {
    root,
    focus: () => input.focus(),
    stop() {
      stopped = true;
      keep();
      removeEventListener("pagehide", leave);
    },
  };
}
