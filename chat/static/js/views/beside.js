// Where a card stands: beside what opened it, and wholly on the screen.

const GAP = 8; // px to the anchor and to the edges

const within = (value, size, limit) => Math.max(GAP, Math.min(value, limit - size - GAP));

/**
 * The upper left corner for a box of `size` beside the rectangle `rect`, in a window of `view`: on the
 * side where reading goes on, else on the other, else below, else above.
 */
export function cornerBeside(rect, size, view, rtl = false) {
  const sides = [rect.right + GAP, rect.left - GAP - size.width];
  if (rtl) sides.reverse();
  const left = sides.find((one) => one >= GAP && one + size.width <= view.width - GAP);
  if (left !== undefined) return { left, top: within(rect.top, size.height, view.height) };
  const below = rect.bottom + GAP;
  const fits = below + size.height <= view.height - GAP;
  return {
    left: within(rtl ? rect.right - size.width : rect.left, size.width, view.width),
    top: within(fits ? below : rect.top - GAP - size.height, size.height, view.height),
  };
}

/** Keep a box beside its anchor, however it grows; returns what ends that. */
export function placeBeside(box, anchor) {
  let rect = anchor.getBoundingClientRect();

  function place() {
    if (anchor.isConnected) rect = anchor.getBoundingClientRect(); // else where it was last
    const rtl = getComputedStyle(document.documentElement).direction === "rtl";
    const size = { width: box.offsetWidth, height: box.offsetHeight };
    const { left, top } = cornerBeside(rect, size, { width: innerWidth, height: innerHeight }, rtl);
    box.style.left = `${Math.round(left)}px`;
    box.style.top = `${Math.round(top)}px`;
  }

  const observer = new ResizeObserver(place);
  observer.observe(box);
  addEventListener("resize", place);
  place();
  return () => {
    observer.disconnect();
    removeEventListener("resize", place);
  };
}
