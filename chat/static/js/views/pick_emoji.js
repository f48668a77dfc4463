// Letting somebody choose an emoji; the picker is loaded when it is wanted for the first time.

import { errorText } from "../errors.js";
import { lazily } from "../lazy.js";

/** Open the picker beside `at`, an element or its edges; `choose(emoji)` gets the choice. */
export async function pickEmoji(app, at, choose) {
  const edges = at instanceof Element ? edgesOf(at) : at; // it may be gone once the picker is there
  try {
    const { openEmojiPicker } = await lazily(() => import("./emoji_picker.js"));
    openEmojiPicker({ userId: app.store.me.id, at: edges, choose });
  } catch (error) {
    app.toast(errorText(error));
  }
}

/** The edges of an element, to open something beside it; of a button, under its end. */
export function edgesOf(node) {
  const { left, right, top, bottom } = node.getBoundingClientRect();
  return { left, right, top, bottom, end: node.matches("button") };
}
