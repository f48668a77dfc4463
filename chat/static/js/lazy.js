// Parts of the page that are loaded when somebody needs them.

import { ApiError } from "./answer.js";

/**
 * Load a part: `lazily(() => import("./x.js"))`. Where it cannot be had the error says what helps:
 * after an update of the server, a page from before finds its parts no more.
 */
export async function lazily(load) {
  try {
    return await load();
  } catch {
    const away = await fetch("/health", { cache: "no-store" }).then(({ ok }) => !ok, () => true);
    throw new ApiError({ code: away ? "network" : "outdated" });
  }
}
