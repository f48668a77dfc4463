// A finger that stays where it is.

const PRESS_MS = 500;
const SLACK_PX = 10;

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
      pressed(event.target, begun);
    }, PRESS_MS);
  });
  node.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (timer && Math.hypot(clientX - begun.x, clientY - begun.y) > SLACK_PX) cancel();
  });
  for (const name of ["pointerup", "pointercancel"]) node.addEventListener(name, cancel);
  return cancel;
}
