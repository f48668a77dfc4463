// A finger that stays where it is.

const PRESS_MS = 500;
const SLACK_PX = 10;
const CLICK_MS = 400; // after the finger has left, the click has come or never will

/** Call `pressed(target, point)` when a finger rests on something in `node` that `accepts` it. */
export function onLongPress(node, accepts, pressed) {
  let timer = null;
  let begun = null;

  function cancel() {
    clearTimeout(timer);
    timer = null;
  }

  node.addEventListener("pointerdown", (event) => {
    cancel();
    if (event.pointerType !== "touch" || !event.isPrimary || !accepts(event.target)) return;
    begun = { x: event.clientX, y: event.clientY };
    timer = setTimeout(() => {
      timer = null;
      swallowClick();
      pressed(event.target, begun);
    }, PRESS_MS);
  });
  node.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (timer && Math.hypot(clientX - begun.x, clientY - begun.y) > SLACK_PX) cancel();
  });
  for (const name of ["pointerup", "pointercancel"]) node.addEventListener(name, cancel);
  return cancel;
}

/** Some browsers click what lies under a finger that leaves, though it was put on something else. */
function swallowClick() {
  const stop = new AbortController();
  const options = { capture: true, signal: stop.signal };
  addEventListener(
    "click",
    (event) => {
      event.preventDefault();
      event.stopPropagation();
    },
    options,
  );
  addEventListener("pointerdown", () => stop.abort(), options);
  for (const name of ["pointerup", "pointercancel"]) {
    addEventListener(name, () => setTimeout(() => stop.abort(), CLICK_MS), options);
  }
}
