// Emoji: which are offered first, how they get a skin tone, and how they are found by words.

import { fold } from "./text.js";

export const QUICK = ["👍", "❤️", "😂", "🎉", "😮", "🙏"]; // always in their places, for the hand to learn
export const TONES = ["", "🏻", "🏼", "🏽", "🏾", "🏿"];
const RECENT = 24;
const MOST_FOUND = 160;

/** The recent ones after another was used. */
export function withUsed(recent, emoji) {
  return [emoji, ...recent.filter((one) => one !== emoji)].slice(0, RECENT);
}

/** An emoji that comes in skin tones, in one of them; 0 is yellow. */
export function withTone(emoji, tone) {
  if (!tone) return emoji;
  const [first, ...rest] = emoji;
  return first + TONES[tone] + rest.join("").replace(/^\ufe0f/, "");
}

/**
 * What the picker shows and searches: `list` as in emoji/list.json, `words` of each language, the
 * reader's own first, in which each text is a name and other words.
 */
export function createCatalogue({ groups, tones }, words) {
  const toned = new Set(tones);
  let place = 0;
  const all = groups.map((group) =>
    group.map((emoji) => {
      const texts = words.map((texts_) => texts_[place].split("|"));
      place += 1;
      return {
        emoji,
        toned: toned.has(emoji),
        name: texts[0][0],
        names: texts.map(([name]) => fold(name)),
        words: fold(texts.flat().join(" ")),
      };
    }),
  );
  const entries = all.flat();
  const known = new Map(entries.map((entry) => [entry.emoji, entry]));
  return {
    groups: all,
    /** What is known of an emoji, in any tone. */
    find(emoji) {
      const plain = [...emoji].filter((char) => !TONES.includes(char)).join("");
      return known.get(emoji) ?? known.get(plain) ?? known.get(`${plain}\ufe0f`) ?? null;
    },
    /** Those that all words of a query fit, in either language: best by their names. */
    search(query) {
      const wanted = fold(query).split(/\s+/u).filter(Boolean);
      const found = entries.flatMap((entry) => {
        if (query.includes(entry.emoji)) return [{ entry, rank: 0 }];
        const ranks = wanted.map((word) => rankOf(entry, word));
        return ranks.includes(null) ? [] : [{ entry, rank: Math.max(...ranks) }];
      });
      found.sort((a, b) => a.rank - b.rank); // stable: else in their order
      return found.slice(0, MOST_FOUND).map(({ entry }) => entry);
    },
  };
}

/** How well a word fits: 0 is a name, 1 begins a name, 2 is a word, 3 begins one, 4 is inside one. */
function rankOf({ names, words }, wanted) {
  if (names.includes(wanted)) return 0;
  if (names.some((name) => name.startsWith(wanted))) return 1;
  const at = ` ${words} `.indexOf(` ${wanted}`);
  if (at >= 0) return ` ${words} `.includes(` ${wanted} `) ? 2 : 3;
  return words.includes(wanted) ? 4 : null;
}
