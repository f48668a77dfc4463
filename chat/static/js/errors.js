// What a person is told when something goes wrong.

import { has, t } from "./i18n.js";

/** The text for an error: the server's own words when it sent some. */
export function errorText(error) {
  if (error.code === "rate_limited" && error.retryAfter) {
    return t("error.retry_after", { count: error.retryAfter });
  }
  if (error.message && error.message !== error.code) return error.message;
  const key = `error.${error.code}`;
  if (has(key)) return t(key);
  // Not an answer of the server at all but a fault of the page: the console keeps the trace.
  console.error(error);
  return t("error.internal");
}

/** Do something that may go wrong, and say when it does; resolves to whether it was done. */
export async function attempt(toast, task) {
  try {
    await task();
    return true;
  } catch (error) {
    toast(errorText(error));
    return false;
  }
}
