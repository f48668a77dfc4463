import assert from "node:assert/strict";
import { test } from "node:test";
import { emojiSize } from "../../../chat/static/js/emoji_text.js";

test("up to three emoji are large, up to six a bit larger than text", () => {
  for (const text of ["👍", "👩‍👩‍👧‍👦🇨🇳❤️", "1️⃣ 👋🏽", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]) assert.equal(emojiSize(text), "large", text);
  for (const text of ["👍👍👍👍", "❤️❤️❤️❤️❤️❤️"]) assert.equal(emojiSize(text), "medium", text);
});

test("text, numbers, signs and more emoji have the size of text", () => {
  for (const text of ["", "ok 👍", "👍👍👍👍👍👍👍", "123", "©", "❤", "#", "👍.", "\u200d", "好"]) {
    assert.equal(emojiSize(text), null, text);
  }
});
