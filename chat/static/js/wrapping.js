// Marks around a selection: bold, italic, code.

export const MARKS = { b: "**", i: "*", e: "`" };

/**
 * Put marks around the selection of a text, or take them away where they are. Returns what to
 * replace, `{from, to, text}`, and the selection after it, `{start, end}`.
 */
export function wrap(text, start, end, mark) {
  const { length } = mark;
  const wrapped = isMarked(text.slice(0, start), mark, -1) && isMarked(text.slice(end), mark, 1);
  const chosen = text.slice(start, end);
  if (wrapped) {
    return { from: start - length, to: end + length, text: chosen, start: start - length, end: end - length };
  }
  return { from: start, to: end, text: mark + chosen + mark, start: start + length, end: end + length };
}

/** Whether a text ends (side -1) or begins (side 1) with just this mark: the end of ** is no *. */
function isMarked(text, mark, side) {
  const run = (side < 0 ? /(.)\1*$/su : /^(.)\1*/su).exec(text)?.[0] ?? "";
  const stars = run[0] === mark[0] ? run.length : 0;
  return mark === "*" ? stars === 1 || stars === 3 : mark === "**" ? stars >= 2 : stars === mark.length;
}
