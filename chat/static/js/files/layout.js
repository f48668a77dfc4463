// How much space pictures take before they are there.

const MOST = 320; // px, in either direction
const LEAST = 96;
const COLUMNS = 6; // of the grid, shared by the pictures of one line
const LINES = {
  2: [2],
  3: [1, 2],
  4: [2, 2],
  5: [2, 3],
  6: [3, 3],
  7: [2, 2, 3],
  8: [2, 3, 3],
  9: [3, 3, 3],
  10: [2, 2, 3, 3],
};

/** The box of one picture in px, `{width, height}`: as it is, smaller where it is large, cut where it is a strip. */
export function boxOf({ width, height }) {
  const scale = Math.min(1, MOST / width, MOST / height);
  const within = (length) => Math.round(Math.min(MOST, Math.max(LEAST, length * scale)));
  return { width: within(width), height: within(height) };
}

/** How many of the grid's columns each of `count` pictures spans: the lines are full. */
export function spansOf(count) {
  if (count === 1) return [COLUMNS];
  const lines = LINES[count] ?? Array(Math.ceil(count / 3)).fill(3);
  return lines.flatMap((pictures) => Array(pictures).fill(COLUMNS / pictures)).slice(0, count);
}
