// The address of a search: what is searched for, and in which room.

export const SEARCH_PATH = "/search";

/** The address of a search for `query` in a room, or in all for null. */
export function searchAddress({ query, roomId }) {
  const params = new URLSearchParams();
  if (query) params.set("q", query);
  if (roomId) params.set("room", roomId);
  return params.size ? `${SEARCH_PATH}?${params}` : SEARCH_PATH;
}

/** What an address asks for: `{query, roomId}`. */
export function searchAt(parameters) {
  const params = new URLSearchParams(parameters);
  return { query: params.get("q") ?? "", roomId: params.get("room") };
}
