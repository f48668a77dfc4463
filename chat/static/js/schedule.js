// Drawing, at most once a frame however much happens in between.

const waiting = new Set();
let frame = 0;

function flush() {
  frame = 0;
  const tasks = [...waiting];
  waiting.clear();
  for (const task of tasks) task();
}

/** Run `task` in the next frame, once. In a hidden tab that is when it is seen again. */
export function draw(task) {
  waiting.add(task);
  frame ||= requestAnimationFrame(flush);
}
