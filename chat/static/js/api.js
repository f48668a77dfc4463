// The HTTP face of the server: envelopes in and out, one kind of error.

import { locale } from "./i18n.js";

const TIMEOUT_MS = 15_000;

/** What went wrong, by its code; `network` stands for "no answer". `fields` is `{name: [text]}`. */
export class ApiError extends Error {
  constructor({ code, message = "", fields = null, retry_after: retryAfter = 0 }) {
    super(message || code);
    this.code = code;
    this.fields = fields;
    this.retryAfter = retryAfter;
  }
}

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
  if (response.status === 204) return null;
  const answer = parse(text);
  if (response.ok && answer && "data" in answer) return answer.data;
  throw new ApiError(answer?.error ?? { code: response.ok ? "internal" : "unavailable" });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's own error page
  }
}

/** Requests in the name of whoever is logged in; an access token that has run out is renewed once. */
export function createApi(session) {
  async function call(method, path, body, options) {
    try {
      return await request(method, path, { ...options, body, token: await session.token() });
    } catch (error) {
      if (error.code !== "token_expired" && error.code !== "unauthorized") throw error;
      const token = await session.renew();
      return request(method, path, { ...options, body, token });
    }
  }
  return {
    get: (path) => call("GET", path),
    post: (path, body = {}) => call("POST", path, body),
    put: (path, body) => call("PUT", path, body),
    patch: (path, body) => call("PATCH", path, body),
    delete: (path, body, options) => call("DELETE", path, body, options),
  };
}

/** An api in whose paths a provisional room id stands for the room's present id. */
export function withPresentIds(api, store) {
  const present = (path) => path.replace(/^\/rooms\/([^/?]+)/, (_, id) => `/rooms/${store.idOf(id)}`);
  return Object.fromEntries(
    Object.entries(api).map(([verb, call]) => [verb, (path, ...rest) => call(present(path), ...rest)]),
  );
}
