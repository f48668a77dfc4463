// A search for messages as it is now: what was typed, where, and what was found.

import { isLater } from "../versions.js";
import { isHalf, openOperator, readinessOf } from "./operators.js";

const QUIET_MS = 250; // after the last key
const ENOUGH = 8; // results at least, before one scrolls
const PAGES = 5; // asked for in a row at most: a page may have few results, or none

/**
 * Make it, with the `query` of one before. `find({query, roomId, cursor})` asks the server,
 * `around(message)` for its neighbours; `changed()` is called when something is another one. Its
 * fields are to be read: `query`, `roomId` (null: all rooms), `status` ("idle", "short", "waiting",
 * "done" or "failed"), `results`, `words`, `cursor`, `error`, `more` ("", "loading", "failed", or
 * "tired": little is found, one has to ask for more).
 */
export function createMessageSearch({ query = "", find, around, changed, timers = globalThis }) {
  const search = {
    query,
    roomId: null,
    status: "idle",
    results: [], // {message, open, loaded, failed, before, after}, the newest first
    words: [],
    cursor: null,
    error: null,
    more: "",
  };
  let timer = null;
  let turn = 0; // of the latest question: answers to others are dropped

  function put(changes) {
    Object.assign(search, changes);
    changed();
  }

  function stopAsking() {
    timers.clearTimeout(timer);
    turn += 1;
  }

  function clear(status) {
    stopAsking();
    put({ status, results: [], words: [], cursor: null, error: null, more: "" });
  }

  /** Ask for what is typed now, unless that is nothing yet. */
  function ask({ now = false } = {}) {
    const readiness = readinessOf(search.query);
    if (readiness !== "ready") {
      clear(readiness === "empty" ? "idle" : "short");
      return;
    }
    stopAsking();
    const open = openOperator(search.query);
    if (!now && open && isHalf(open)) {
      put({ status: search.results.length ? "done" : "short", more: "" });
      return;
    }
    put({ status: "waiting", error: null, more: "" });
    if (now) askServer();
    else timer = timers.setTimeout(askServer, QUIET_MS);
  }

  async function askServer() {
    const own = (turn += 1);
    const { query, roomId } = search;
    let cursor = null;
    let found = null;
    try {
      for (let page = 0; page < PAGES; page += 1) {
        const answer = await find({ query: query.trim(), roomId, cursor });
        if (own !== turn) return;
        found = [...(found ?? []), ...answer.messages.map(resultOf)];
        cursor = answer.cursor;
        const goesOn = cursor !== null && found.length < ENOUGH && page < PAGES - 1;
        const isShown = found.length > 0 || !goesOn;
        put({
          ...(isShown && { status: "done", results: found }),
          words: answer.words,
          cursor,
          more: goesOn ? "loading" : cursor !== null && found.length < ENOUGH ? "tired" : "",
        });
        if (!goesOn) return;
      }
    } catch (error) {
      if (own !== turn) return;
      if (found?.length) put({ status: "done", more: "failed", error });
      else put({ status: "failed", results: [], words: [], cursor: null, error, more: "" });
    }
  }

  /** Ask for the next pages, until there is enough to see. */
  async function loadMore() {
    if (search.status !== "done" || search.cursor === null || search.more === "loading") return;
    const own = turn;
    let count = 0;
    put({ more: "loading", error: null });
    try {
      for (let page = 0; page < PAGES; page += 1) {
        const { query, roomId, cursor } = search;
        const answer = await find({ query: query.trim(), roomId, cursor });
        if (own !== turn) return;
        const known = new Set(search.results.map(({ message }) => message.id));
        const fresh = answer.messages.filter(({ id }) => !known.has(id));
        put({ results: [...search.results, ...fresh.map(resultOf)], cursor: answer.cursor });
        count += fresh.length;
        if (count >= ENOUGH || answer.cursor === null) break;
      }
      put({ more: search.cursor !== null && count < ENOUGH ? "tired" : "" });
    } catch (error) {
      if (own === turn) put({ more: "failed", error });
    }
  }

  /** Show the messages before and behind a result, or no longer. */
  async function toggleAround(result) {
    result.open = !result.open;
    result.failed = false;
    changed();
    if (!result.open) return;
    try {
      Object.assign(result, await around(result.message), { loaded: true });
    } catch {
      result.failed = true;
    }
    changed();
  }

  /** Take copies of messages that have changed. */
  function follow(copies) {
    const byId = new Map(copies.map((copy) => [copy.id, copy]));
    let isOther = false;
    for (const result of search.results) {
      for (const place of ["message", "before", "after"]) {
        const copy = byId.get(result[place]?.id);
        if (!copy || !isLater(copy, result[place])) continue;
        result[place] = copy;
        isOther = true;
      }
    }
    if (isOther) changed();
  }

  return Object.assign(search, {
    /** Something is typed. */
    type(query) {
      if (query === search.query) return;
      search.query = query;
      ask();
    },

    /** Search in one room, or in all for null. */
    choose(roomId) {
      if (roomId === search.roomId) return;
      search.roomId = roomId;
      ask({ now: true });
    },

    /** Begin with a query, in a room or in all. */
    begin(query, roomId) {
      if (search.status !== "idle" && query === search.query && roomId === search.roomId) return;
      Object.assign(search, { query, roomId });
      ask({ now: true });
    },

    /** Ask at once: Enter was pressed, a value chosen, or what failed is tried again. */
    submit: () => ask({ now: true }),

    loadMore,
    toggleAround,
    follow,

    /** A room is gone: so is what was found in it. */
    leave(roomId) {
      const left = search.results.filter(({ message }) => message.room_id !== roomId);
      const isOther = left.length < search.results.length;
      search.results = left;
      if (search.roomId === roomId) this.choose(null);
      else if (isOther) changed();
    },

    stop: stopAsking,
  });
}

function resultOf(message) {
  return { message, open: false, loaded: false, failed: false, before: null, after: null };
}
