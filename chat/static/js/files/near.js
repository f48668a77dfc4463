// Things to be done when something comes near what is seen of a scroller.

const MARGIN = "600px 0px"; // about a screen further up and down

/** Make it for a scroller; returns `{near(node, task), stop}`. */
export function createNear(scroller) {
  const tasks = new WeakMap();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        const task = tasks.get(target);
        tasks.delete(target);
        task?.();
      }
    },
    { root: scroller, rootMargin: MARGIN },
  );
  return {
    near(node, task) {
      tasks.set(node, task);
      observer.observe(node);
    },
    stop: () => observer.disconnect(),
  };
}
