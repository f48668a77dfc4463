// So many at a time; the others wait for their turn.

/** Make turns; `take(task)` runs a task when it has one and resolves to what that does. */
export function createTurns(most) {
  const waiting = [];
  let running = 0;

  return {
    async take(task) {
      if (running < most) running += 1;
      else await new Promise((resolve) => waiting.push(resolve)); // the turn is handed over
      try {
        return await task();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}
