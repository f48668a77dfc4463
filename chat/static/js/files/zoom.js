// How a picture lies in the viewer: `{scale, x, y}`, the shift in px from the middle.

const MOST = 8;

export const FITTED = { scale: 1, x: 0, y: 0 };

/** Keep a picture of `size`, as it is drawn at scale 1, over the middle of a `view`. */
export function kept({ scale, x, y }, size, view) {
  const spare = (length, space) => Math.max(0, (length * scale - space) / 2);
  const within = (value, most) => Math.max(-most, Math.min(most, value)) || 0; // not -0
  return {
    scale,
    x: within(x, spare(size.width, view.width)),
    y: within(y, spare(size.height, view.height)),
  };
}

/** Zoom by a factor; what lies at `at`, in px from the middle of the view, stays there. */
export function zoomed({ scale, x, y }, factor, at, size, view) {
  const next = Math.max(1, Math.min(MOST, scale * factor));
  const by = next / scale;
  return kept({ scale: next, x: at.x - (at.x - x) * by, y: at.y - (at.y - y) * by }, size, view);
}
