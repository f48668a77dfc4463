// Which of many rows of one height are drawn: those in view, and a few around them.

const SPARE = 6; // rows above and below, so that scrolling shows no gaps

/** The first row to draw and the one behind the last, of `count` rows of `height` px. */
export function rowsInView({ count, height, top, viewport }) {
  const first = Math.floor(top / height) - SPARE;
  const end = Math.ceil((top + viewport) / height) + SPARE;
  const from = Math.max(0, Math.min(first, count - 1));
  return { from, to: Math.max(from, Math.min(count, end)) };
}
