// Where a panel stands beside what opened it.

const MARGIN = 8;

/**
 * The upper left corner of a panel of `size` beside the rectangle `at` in a window of `view`: below
 * it, else above, else as near as the window allows. `end` lines up the right edges instead of the
 * left ones.
 */
export function place(at, size, view, { end = false } = {}) {
  const wanted = end ? at.right - size.width : at.left;
  const left = Math.max(MARGIN, Math.min(wanted, view.width - size.width - MARGIN));
  const lowest = view.height - size.height - MARGIN;
  if (at.bottom + 4 <= lowest) return { left, top: at.bottom + 4 };
  const above = at.top - 4 - size.height;
  return { left, top: above >= MARGIN ? above : Math.max(MARGIN, lowest) };
}
