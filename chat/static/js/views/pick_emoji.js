// Letting somebody choose an emoji.

import { edgesOf } from "../placing.js";

/** Open the picker beside `at`, an element or its edges; `choose(emoji)` gets the choice. */
export function pickEmoji(app, at, choose) {
  const edges = at instanceof Element ? edgesOf(at) : at; // it may be gone once the picker is there
  app.parts.open(({ openEmojiPicker }) => openEmojiPicker({ userId: app.store.me.id, at: edges, choose }));
}
