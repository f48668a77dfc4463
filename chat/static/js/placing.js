// Where a panel stands: by what opened it, and wholly in the window.

const GAP = 8; // px to the edges of the window, and to what a card stands beside
const BELOW = 4; // px to what a menu hangs from

/** The edges of an element, to open something by it; of a button, under its end. */
export function edgesOf(node) {
  const { left, right, top, bottom } = node.getBoundingClientRect();
  return { left, right, top, bottom, end: node.matches("button") };
}

const within = (value, size, limit) => Math.max(GAP, Math.min(value, limit - size - GAP));

/**
 * The upper left corner of a panel of `size` by the edges `at`, in a window of `view`: below them, else
 * above, else as near as the window allows. It begins where they begin, or ends where they end.
 */
export function below(at, size, view, rtl = false) {
  const left = within(Boolean(at.end) === rtl ? at.left : at.right - size.width, size.width, view.width);
  const lowest = view.height - size.height - GAP;
  if (at.bottom + BELOW <= lowest) return { left, top: at.bottom + BELOW };
  const above = at.top - BELOW - size.height;
  return { left, top: above >= GAP ? above : Math.max(GAP, lowest) };
}

/** The same for a card: on the side where reading goes on, else on the other, else below, else above. */
export function beside(at, size, view, rtl = false) {
  const sides = [at.right + GAP, at.left - GAP - size.width];
  if (rtl) sides.reverse();
  const left = sides.find((one) => one >= GAP && one + size.width <= view.width - GAP);
  if (left !== undefined) return { left, top: within(at.top, size.height, view.height) };
  const under = at.bottom + GAP;
  const fits = under + size.height <= view.height - GAP;
  return {
    left: within(rtl ? at.right - size.width : at.left, size.width, view.width),
    top: within(fits ? under : at.top - GAP - size.height, size.height, view.height),
  };
}

/** Put a panel where `corner`, one of the two above, has it. */
export function place(panel, at, corner) {
  const rtl = getComputedStyle(document.documentElement).direction === "rtl";
  const size = { width: panel.offsetWidth, height: panel.offsetHeight };
  const { left, top } = corner(at, size, { width: innerWidth, height: innerHeight }, rtl);
  panel.style.left = `${Math.round(left)}px`;
  panel.style.top = `${Math.round(top)}px`;
}

/** Keep a card beside its anchor, however it grows; returns what ends that. */
export function keepBeside(card, anchor) {
  let edges = edgesOf(anchor);

  function stand() {
    if (anchor.isConnected) edges = edgesOf(anchor); // else where it was last
    place(card, edges, beside);
  }

  const observer = new ResizeObserver(stand);
  observer.observe(card);
  addEventListener("resize", stand);
  stand();
  return () => {
    observer.disconnect();
    removeEventListener("resize", stand);
  };
}
