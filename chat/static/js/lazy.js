// Parts of the page that are loaded when somebody needs them.

import { ApiError } from "./answer.js";

/**
 * Load a part: `lazily(() => import("./x.js"))`. Where it cannot be had the error says what helps: to
 * reload, after an update of the server, where a page from before finds its parts no more, and in
 * browsers that never try a failed import again.
 */
export async function lazily(load) {
  try {
    return await load();
  } catch {
    const away = await fetch("/health", { cache: "no-store" }).then(({ ok }) => !ok, () => true);
    throw new ApiError({ code: away ? "network" : "outdated" });
  }
}

/**
 * Make the door to a part that is loaded once. `use(task)` calls `task(part)`: at once where the part
 * is here already, else when it has come. When it cannot be had `failed(error)` is told. `open(task)`
 * is for what lies over the page: of all that was asked for meanwhile only the last is opened, and
 * nothing after `forget()`. `warm()` loads the part before somebody asks.
 */
export function createPart(load, failed) {
  let part = null;
  let opened = null; // the task that was asked for last
  const keep = (loaded) => (part ??= loaded);

  function use(task, fail = failed) {
    return part ? task(part) : lazily(load).then((loaded) => task(keep(loaded)), fail);
  }

  return {
    use,
    open(task) {
      opened = task;
      return use((loaded) => opened === task && task(loaded));
    },
    forget: () => (opened = null),
    warm: () => part ?? load().then(keep, () => {}), // `use` says what is wrong
  };
}
