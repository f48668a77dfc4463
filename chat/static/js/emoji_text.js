// Texts of nothing but emoji: a few are shown larger.

const EMOJI = /^(?:\p{Emoji_Presentation}|\p{Emoji}\ufe0f|\p{Regional_Indicator}{2}|[0-9#*]\ufe0f?\u20e3)/u;
const MOST = 6;
const LARGE = 3;
const LONGEST = 200; // code units: families and flags have many

const segmenter = globalThis.Intl?.Segmenter && new Intl.Segmenter(undefined, { granularity: "grapheme" });
// Where there is no segmenter (Firefox before 125): parts joined, modified or paired belong together.
const TOGETHER = /\p{Regional_Indicator}{2}|.(?:[\u200d\ufe0f\u20e3\p{Emoji_Modifier}\u{e0020}-\u{e007f}]|(?<=\u200d).)*/gsu;

function graphemes(text) {
  return segmenter ? Array.from(segmenter.segment(text), ({ segment }) => segment) : (text.match(TOGETHER) ?? []);
}

/** How large a text is shown that is emoji alone: "large", "medium", or null for any other text. */
export function emojiSize(text) {
  if (text.length > LONGEST || !/[\p{Emoji_Presentation}\ufe0f\u20e3]/u.test(text)) return null;
  const shown = graphemes(text).filter((one) => one.trim());
  if (!shown.length || shown.length > MOST || !shown.every((one) => EMOJI.test(one))) return null;
  return shown.length <= LARGE ? "large" : "medium";
}
