// The results of a search, by day, and what is said in place of them.

import { fillAnew, h, keyed, reveal, setText } from "../dom.js";
import { errorText } from "../errors.js";
import { day } from "../format.js";
import { sameDay } from "../grouping.js";
import { t } from "../i18n.js";
import { hasModifier, isComposing } from "../keys.js";
import { openOperator, typedOf } from "../search/operators.js";
import { createHit, linkOf, updateHit } from "./search_hit.js";
import { skeletonLines } from "./skeleton.js";

const OPERATORS = ["from", "in", "after", "before"];
const STEPS = { ArrowUp: -1, ArrowDown: 1 };
const SPACE = 40; // px above a result that the keyboard reaches: the day stands there

/**
 * Make it for a `search`; `go(result)` leads to a message, `toField()` back to the field. Returns
 * `{root, redraw, first, leave, comeBack}`.
 */
export function createSearchResults(app, { search, go, toField }) {
  const { store } = app;
  const count = h("p", { class: "search-count", role: "status" });
  const list = h("ol", { class: "hits", role: "list", "aria-label": t("search.results") });
  const note = h("div", { class: "search-note" });
  const end = h("div", { class: "search-end" });
  const scroller = h("div", { class: "search-results", tabindex: "-1" }, count, list, note, end);
  let last = null; // the result that was followed
  let top = 0; // where the list was left

  /** Results and, before the first of each day, its line. */
  function rows() {
    const found = [];
    let before = null;
    for (const result of search.results) {
      const { id, created_at: at } = result.message;
      if (before === null || !sameDay(before, at)) found.push({ key: `day:${id}`, at });
      found.push({ key: id, result });
      before = at;
    }
    return found;
  }

  function create(row) {
    if (row.at) return h("li", { class: "search-day" }, h("h3"));
    return createHit({ go: follow, toggle: search.toggleAround });
  }

  function update(node, row) {
    if (row.at) {
      setText(node.firstChild, day(row.at));
      return;
    }
    node.classList.toggle("followed", row.result.message.id === last);
    updateHit(node, row.result, { store, words: search.words, showsRoom: search.roomId === null });
  }

  function follow(result) {
    last = result.message.id;
    redraw();
    go(result);
  }

  /** What is told of the results; without any it is only heard, as a note says it. */
  function countText() {
    const { status, results, cursor, error } = search;
    if (status === "waiting") return t("search.searching");
    if (status === "failed") return hintOf(error) ?? "";
    if (status !== "done") return "";
    if (!results.length) return nothingText();
    return t(cursor === null ? "search.count" : "search.count_more", { count: results.length });
  }

  /** What stands where there are no results: `{look, make()}`. */
  function noteNow() {
    const { status, results, error, query } = search;
    if (status === "idle") return { look: "idle", make: help };
    if (status === "short" && openOperator(query)) return { look: "", make: () => null }; // its values are offered
    if (status === "short") return { look: "short", make: () => h("p", {}, t("search.short")) };
    if (status === "failed") return failure(error);
    if (results.length) return { look: "", make: () => null };
    if (status === "waiting") return { look: "waiting", make: () => skeletonLines(4) };
    return { look: `none ${query} ${search.roomId} ${search.cursor === null}`, make: nothing };
  }

  /** What was typed has no meaning yet: no fault, and to try again would not help. */
  function hintOf(error) {
    return error.code === "validation_error" ? Object.values(error.fields ?? {}).flat()[0] : undefined;
  }

  const button = (onclick, text) => h("button", { type: "button", class: "button", onclick }, text);

  function nothingText() {
    return t(search.cursor === null ? "search.nothing" : "search.nothing_yet", { query: search.query.trim() });
  }

  function failure(error) {
    const hint = hintOf(error);
    if (hint) return { look: hint, make: () => h("p", {}, hint) };
    const text = error.code === "network" ? t("search.offline") : errorText(error);
    return {
      look: text,
      make: () => [h("p", { role: "alert" }, text), button(search.submit, t("retry"))],
    };
  }

  function nothing() {
    const everywhere = () => {
      search.choose(null);
      toField();
    };
    return [
      h("p", { class: "empty-title" }, nothingText()),
      h("p", {}, t("search.nothing_hint")),
      search.roomId !== null && button(everywhere, t("search.try_everywhere")),
    ];
  }

  function help() {
    const line = (typed, text) => [h("dt", {}, h("code", {}, typed)), h("dd", {}, text)];
    return [
      h("p", { class: "empty-title" }, t("search.idle")),
      h(
        "dl",
        { class: "search-help" },
        OPERATORS.map((name) => line(`${typedOf(name)}${t(`search.example_${name}`)}`, t(`search.help_${name}`))),
        line(t("search.example_phrase"), t("search.help_phrase")),
      ),
    ];
  }

  function drawEnd() {
    const { status, more, results, cursor, error } = search;
    const shown = status === "done" && (results.length > 0 || more !== "");
    end.hidden = !shown;
    const look = !shown ? "" : more || (cursor === null ? "all" : "");
    fillAnew(end, look + (error?.code ?? ""), () => {
      if (look === "loading") return h("p", { class: "muted" }, t("loading"));
      if (look === "all") return h("p", { class: "muted" }, t("search.all"));
      const again = () => button(search.loadMore, t(look === "failed" ? "retry" : "search.older"));
      if (look === "failed") return [h("p", { role: "alert" }, errorText(error)), again()];
      return look === "tired" ? again() : null;
    });
  }

  function redraw() {
    keyed(list, rows(), (row) => row.key, create, update);
    const isWaiting = search.status === "waiting";
    scroller.classList.toggle("is-waiting", isWaiting);
    list.hidden = !search.results.length;
    setText(count, countText());
    count.classList.toggle("visually-hidden", !search.results.length);
    const { look, make } = noteNow();
    note.hidden = !look;
    fillAnew(note, look, make);
    drawEnd();
    nearEnd();
  }

  function nearEnd() {
    const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    const isSeen = scroller.isConnected && scroller.clientHeight > 0;
    if (isSeen && search.results.length && search.more === "" && below < scroller.clientHeight) search.loadMore();
  }

  const links = () => [...list.children].map(linkOf).filter(Boolean);

  function focusAt(at) {
    const link = links()[at];
    if (!link) return false;
    link.focus({ preventScroll: true });
    if (at === 0) scroller.scrollTop = 0; // with the day above it
    else reveal(scroller, link.parentElement, SPACE);
    return true;
  }

  list.addEventListener("keydown", (event) => {
    if (isComposing(event) || hasModifier(event) || event.shiftKey) return;
    const all = links();
    const at = all.findIndex((link) => link.parentElement.contains(event.target));
    if (STEPS[event.key]) {
      if (!focusAt(at + STEPS[event.key]) && at + STEPS[event.key] < 0) toField();
    } else if (event.key === "Home") focusAt(0);
    else if (event.key === "End") focusAt(all.length - 1);
    else return;
    event.preventDefault();
  });
  scroller.addEventListener("scroll", nearEnd, { passive: true });

  return {
    root: scroller,
    redraw,
    first: () => focusAt(0),
    /** Somebody begins another search: it is read from its beginning. */
    toTop() {
      scroller.scrollTop = 0;
      last = null;
    },
    /** The list goes out of sight: note where it was. */
    leave: () => (top = scroller.scrollTop),
    /** It is seen again, where it was left; returns whether the result that was followed has the focus. */
    comeBack() {
      scroller.scrollTop = top;
      const link = last && links()[search.results.findIndex(({ message }) => message.id === last)];
      link?.focus({ preventScroll: true });
      return Boolean(link);
    },
  };
}
