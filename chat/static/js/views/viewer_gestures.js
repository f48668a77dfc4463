// Fingers and the mouse in the viewer: drag, pinch, wheel, double click; a swipe goes to the next picture.

import { FITTED, kept, zoomed } from "../files/zoom.js";

const SWIPE_PX = 60;
const TAP_MS = 300;
const TAP_PX = 24;
const CLOSER = 2.5; // what a double click zooms by

/**
 * Serve a `stage` that shows `image()`. `step(by)` goes to another picture, `close()` ends it.
 * Returns `{reset(), zoom(factor)}`.
 */
export function createGestures(stage, { image, step, close, changed }) {
  const pointers = new Map(); // id -> where it is
  let place = FITTED;
  let start = null; // of a movement: {at, place, spread}
  let lastTap = null;

  const view = () => stage.getBoundingClientRect();

  /** The size of the picture at scale 1. */
  function size() {
    const node = image();
    return { width: node?.offsetWidth ?? 0, height: node?.offsetHeight ?? 0 };
  }

  function show(next) {
    place = next;
    const node = image();
    if (node) node.style.transform = `translate(${place.x}px, ${place.y}px) scale(${place.scale})`;
    stage.classList.toggle("zoomed", place.scale > 1);
    changed(place.scale);
  }

  /** A point of the window in px from the middle of the stage. */
  function fromMiddle({ x, y }) {
    const { left, top, width, height } = view();
    return { x: x - left - width / 2, y: y - top - height / 2 };
  }

  const zoomAt = (factor, at) => show(zoomed(place, factor, at, size(), view()));

  const middle = () => {
    const [a, b = a] = [...pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };

  const spread = () => {
    const [a, b] = [...pointers.values()];
    return b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };

  function begin() {
    start = pointers.size ? { at: middle(), place, spread: spread() } : null;
  }

  function toggle(at) {
    if (place.scale > 1) show(FITTED);
    else zoomAt(CLOSER, at);
  }

  stage.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest("button")) return;
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    begin();
  });
  stage.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const now = middle();
    if (start.spread) {
      const factor = spread() / start.spread;
      show(zoomed(start.place, factor, fromMiddle(now), size(), view()));
    } else if (place.scale > 1) {
      const { x, y } = start.place;
      show(kept({ scale: place.scale, x: x + now.x - start.at.x, y: y + now.y - start.at.y }, size(), view()));
    }
  });
  const end = (event) => {
    if (!pointers.has(event.pointerId)) return;
    const alone = pointers.size === 1 && !start.spread;
    const moved = { x: event.clientX - start.at.x, y: event.clientY - start.at.y };
    const wasFitted = start.place.scale === 1;
    pointers.delete(event.pointerId);
    begin();
    if (!alone || event.type === "pointercancel") return;
    if (Math.hypot(moved.x, moved.y) < TAP_PX) tap(event);
    else if (wasFitted && Math.abs(moved.x) > Math.max(SWIPE_PX, 1.5 * Math.abs(moved.y))) step(moved.x < 0 ? 1 : -1);
    else if (wasFitted && event.pointerType === "touch" && moved.y > 1.5 * SWIPE_PX) close();
  };
  stage.addEventListener("pointerup", end);
  stage.addEventListener("pointercancel", end);

  function tap({ clientX: x, clientY: y, timeStamp, target }) {
    const isDouble = lastTap && timeStamp - lastTap.timeStamp < TAP_MS && Math.hypot(x - lastTap.x, y - lastTap.y) < TAP_PX;
    lastTap = isDouble ? null : { x, y, timeStamp };
    if (isDouble) toggle(fromMiddle({ x, y }));
    else if (!isOnPicture(x, y) && place.scale === 1 && target === stage) close();
  }

  function isOnPicture(x, y) {
    const box = image()?.getBoundingClientRect();
    return !box || (x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
  }

  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoomAt(Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), fromMiddle({ x: event.clientX, y: event.clientY }));
    },
    { passive: false },
  );

  return {
    reset: () => show(FITTED),
    zoom: (factor) => zoomAt(factor, { x: 0, y: 0 }),
  };
}
