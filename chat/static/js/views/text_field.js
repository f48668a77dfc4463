// The text field of the composer: as high as its text, with shortcuts for marks, and undo that works.

import { h } from "../dom.js";
import { ON_MAC } from "../keys.js";
import { MARKS, wrap } from "../wrapping.js";

// On a Mac, Ctrl with B and E moves the caret.
const COMMAND = ON_MAC ? "metaKey" : "ctrlKey";

/** Make the field. Returns `{input, show(text), put(start, end, text), fit, onCommand(event)}`. */
export function createTextField(attributes) {
  const input = h("textarea", { rows: "1", dir: "auto", enterkeyhint: "enter", ...attributes });

  function fit() {
    if (CSS.supports("field-sizing", "content")) return;
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight}px`;
  }

  /** Replace a part of the text as if it had been typed, so that it can be undone. */
  function put(start, end, text) {
    input.focus();
    input.setSelectionRange(start, end);
    if (document.execCommand("insertText", false, text)) return;
    input.setRangeText(text, start, end, "end");
    input.dispatchEvent(new Event("input"));
  }

  return {
    input,
    fit,
    put,
    /** Show another text; what was typed before cannot be brought back by undo. */
    show(text) {
      input.value = text;
      input.setSelectionRange(text.length, text.length);
      fit();
    },
    /** Take a key press that makes the selection bold, italic or code. */
    onCommand(event) {
      const mark = MARKS[event.key.toLowerCase()];
      if (!mark || !event[COMMAND] || event.altKey || event.shiftKey) return;
      event.preventDefault();
      const { from, to, text, start, end } = wrap(input.value, input.selectionStart, input.selectionEnd, mark);
      put(from, to, text);
      input.setSelectionRange(start, end);
    },
  };
}
