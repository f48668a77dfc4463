// The HTTP face of the server.

import { ApiError, answerOf } from "./answer.js";
import { sendBytes } from "./files/upload.js";
import { locale } from "./i18n.js";

const TIMEOUT_MS = 15_000;

/**
 * Send one request; resolve to its data, or null for an empty answer. Throws ApiError. With `cookie`
 * the refresh token is in a cookie, bound to `key`.
 */
export async function request(method, path, { body, token, cookie = false, key } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": locale() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  if (cookie) headers["X-Session"] = "cookie";
  if (key) headers["X-Session-Key"] = key;
  let response;
  let text;
  try {
    response = await fetch(`/api${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch {
    throw new ApiError({ code: "network" });
  }
  return answerOf(response.status, text);
}

/** Fetch the bytes of a file; the browser keeps them and asks each time whether they still are there. */
export async function requestBlob(path, { token }) {
  try {
    const response = await fetch(`/api${path}`, {
      headers: { Authorization: `Bearer ${token}`, "Accept-Language": locale() },
      credentials: "same-origin",
      cache: "no-cache",
    });
    if (response.ok) return await response.blob();
    return answerOf(response.status, await response.text());
  } catch (error) {
    throw error instanceof ApiError ? error : new ApiError({ code: "network" });
  }
}

/** Requests in the name of whoever is logged in; an access token that has run out is renewed once. */
export function createApi(session) {
  async function withToken(task) {
    try {
      return await task(await session.token());
    } catch (error) {
      if (error.code !== "token_expired" && error.code !== "unauthorized") throw error;
      return task(await session.renew());
    }
  }
  const call = (method, path, body, options) =>
    withToken((token) => request(method, path, { ...options, body, token }));
  return {
    get: (path) => call("GET", path),
    post: (path, body = {}) => call("POST", path, body),
    put: (path, body) => call("PUT", path, body),
    patch: (path, body) => call("PATCH", path, body),
    delete: (path, body, options) => call("DELETE", path, body, options),
    blob: (path) => withToken((token) => requestBlob(path, { token })),
    /** Send bytes: `options` has the method, `onProgress(fraction)` and `signal`. */
    upload: (path, blob, { method = "POST", ...options } = {}) =>
      withToken((token) => sendBytes(method, path, blob, { ...options, token })),
  };
}

/** An api in whose paths a provisional room id stands for the room's present id. */
export function withPresentIds(api, store) {
  const present = (path) => path.replace(/^\/rooms\/([^/?]+)/, (_, id) => `/rooms/${store.idOf(id)}`);
  return Object.fromEntries(
    Object.entries(api).map(([verb, call]) => [verb, (path, ...rest) => call(present(path), ...rest)]),
  );
}
