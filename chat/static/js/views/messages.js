// The message list: a window of rows over the timeline, and the one owner of its scrolling.

import { fill, h, icon, keyed } from "../dom.js";
import { rowsOf } from "../grouping.js";
import { DOWN } from "../icons.js";
import { t } from "../i18n.js";
import { createRow, refreshDay, updateRow } from "./row.js";

const WINDOW = 120; // rows at most, about
const STEP = 40;
const END_PX = 80; // nearer than this counts as being at the end
const EDGE = 1.5; // viewports from an edge at which more is fetched

/**
 * Make the list of one room. `history` loads pages, `pending()` lists what is in the outbox,
 * `seen(seq)` is told how far a person has looked, `missing()` that a message somebody followed a
 * link to is not there, `context` is for rows, `welcome()` makes what an empty room shows.
 */
export function createMessages({
  roomId,
  store,
  title,
  history,
  pending,
  seen,
  missing,
  context,
  welcome,
}) {
  const timeline = () => store.timeline(roomId);
  const room = () => store.rooms.get(roomId);
  const list = h("ol", { class: "messages", role: "list" });
  const top = h("div", { class: "list-top" });
  const scroller = h(
    "section",
    { class: "transcript", tabindex: "0", "aria-label": t("messages.label", { name: title }) },
    top,
    list,
  );
  const jump = h("button", { type: "button", class: "jump", hidden: true }, icon(DOWN), h("span"));
  const root = h("div", { class: "transcript-frame" }, scroller, jump);

  // The window: seqs `from` … `to`; attached means that it ends with the newest and what is pending.
  let from = 0;
  let to = 0;
  let attached = true;
  let stuck = true; // at the end, and to stay there
  let touched = false; // a person has scrolled
  let opened = false;
  let loading = false;
  let problem = null;
  let unreadAfter = null;
  let target = null; // seq of the message somebody followed a link to

  function draw() {
    const line = timeline();
    if (attached) to = line.last;
    from = Math.max(from, line.first);
    const messages = line.slice(from, to);
    if (attached) messages.push(...pending());
    const rows = rowsOf(messages, { previous: line.at(from - 1), unreadAfter });
    keyed(
      list,
      rows,
      (row) => row.key,
      (row) => createRow(row, context),
      (node, row) => {
        updateRow(node, row, context);
        refreshDay(node, row);
      },
    );
    drawTop();
  }

  function drawTop() {
    const line = timeline();
    const empty = line.loaded && !line.messages.length && !list.children.length;
    top.className = empty ? "list-top empty" : "list-top";
    if (problem) {
      const again = h("button", { type: "button", class: "button", onclick: retryLoad }, t("retry"));
      top.replaceChildren(h("p", {}, problem), again);
    } else if (empty) {
      fill(
        top,
        h("p", { class: "empty-title" }, t("messages.empty")),
        h("p", {}, t("messages.empty_hint")),
        welcome(),
      );
    } else if (!line.loaded || line.hasOlder || from > line.first) {
      top.replaceChildren(h("p", { class: "muted" }, loading || !line.loaded ? t("loading") : ""));
    } else {
      top.replaceChildren(h("p", { class: "muted" }, t("messages.beginning")));
    }
  }

  /** The only way the list changes: what the person looks at stays where it is. */
  function change(mutate) {
    const anchor = stuck ? null : firstVisible();
    mutate();
    draw();
    if (stuck) toEnd();
    else if (anchor?.node.isConnected) {
      // The lower edge: a row may lose the author's line above its text.
      scroller.scrollTop += anchor.node.getBoundingClientRect().bottom - anchor.bottom;
    }
    afterScroll();
  }

  function firstVisible() {
    const edge = scroller.getBoundingClientRect().top;
    for (const node of list.children) {
      if (!node.classList.contains("message")) continue;
      const { bottom } = node.getBoundingClientRect();
      if (bottom > edge + 8) return { node, bottom };
    }
    return null;
  }

  function toEnd() {
    scroller.scrollTop = scroller.scrollHeight;
  }

  /** Show the first page: at the unread line if there is one, else at the end. */
  function open() {
    opened = true;
    const line = timeline();
    const unread = store.unread(room());
    unreadAfter = unread > 0 && room().last_read_seq > 0 ? room().last_read_seq : null;
    attached = !line.hasNewer;
    to = line.last;
    from = Math.max(line.first, to - WINDOW + 1);
    if (unreadAfter !== null) from = Math.min(from, Math.max(line.first, unreadAfter - 10));
    if (target !== null && line.at(target)) {
      showTarget();
      return;
    }
    draw();
    toEnd();
    const mark = list.querySelector(".unread-line");
    if (mark) {
      const above = mark.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
      if (above < 0) scroller.scrollTop += above - scroller.clientHeight / 4;
    } else if (!attached) scroller.scrollTop = 0;
    stuck = attached && atEnd();
    afterScroll();
  }

  /** Show the held message that a link names, in the middle. */
  function showTarget() {
    const line = timeline();
    opened = true;
    stuck = false;
    from = Math.max(line.first, target - WINDOW / 2);
    to = Math.min(line.last, target + WINDOW / 2);
    attached = to === line.last && !line.hasNewer;
    draw();
    const node = list.querySelector(`[data-seq="${target}"]`);
    for (const other of list.querySelectorAll(".target")) other.classList.remove("target");
    node.classList.add("target");
    const box = node.getBoundingClientRect();
    const view = scroller.getBoundingClientRect();
    // Never scrollIntoView(): it would move everything around the list, too.
    scroller.scrollTop += box.top + box.height / 2 - view.top - view.height / 2;
    target = null;
    afterScroll();
  }

  /** Go to one message, wherever it is in the log. */
  function goTo(seq) {
    target = seq;
    problem = null;
    if (timeline().at(seq)) {
      showTarget();
      return;
    }
    opened = false;
    load((id) => history.around(id, seq)).then(() => {
      if (target !== seq) return;
      target = null;
      if (!problem) missing();
    });
  }

  function atEnd() {
    return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight <= END_PX;
  }

  function nearTop() {
    return scroller.scrollTop < scroller.clientHeight * EDGE;
  }

  function nearBottom() {
    const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    return below < scroller.clientHeight * EDGE;
  }

  function afterScroll() {
    const line = timeline();
    jump.hidden = !opened || (attached && (stuck || atEnd()));
    if (!jump.hidden) {
      const unread = store.unread(room());
      jump.lastChild.textContent = unread ? t("messages.jump_new", { count: unread }) : t("messages.jump");
    }
    look();
    if (!opened || loading || problem) return;
    const short = scroller.scrollHeight <= scroller.clientHeight * 2;
    const hasAbove = from > line.first || line.hasOlder;
    // A list that is short is near both of its ends.
    if (hasAbove && nearTop() && (touched || short)) {
      if (from > line.first) growUp();
      else load(history.older);
    } else if (nearBottom() && !attached) {
      if (to < line.last) growDown();
      else if (line.hasNewer) load(history.newer);
      else change(() => (attached = true));
    }
  }

  function growUp() {
    change(() => {
      from = Math.max(timeline().first, from - STEP);
      if (to - from + 1 > WINDOW + STEP && !nearBottom()) {
        to = from + WINDOW - 1;
        attached = false;
        stuck = false;
      }
    });
  }

  function growDown() {
    change(() => {
      to = Math.min(timeline().last, to + STEP);
      attached = to === timeline().last && !timeline().hasNewer;
      if (to - from + 1 > WINDOW + STEP && !nearTop()) from = to - WINDOW + 1;
    });
  }

  async function load(direction) {
    loading = true;
    drawTop();
    const { first, last } = timeline();
    try {
      await direction(roomId);
      problem = null;
    } catch {
      problem = t("messages.load_failed");
    }
    loading = false;
    const paging = direction === history.older || direction === history.newer;
    if (paging && timeline().first === first && timeline().last === last) {
      problem = t("messages.load_failed"); // a page without use: asking on and on would not help
    }
    if (!root.isConnected || !room()) return;
    if (target !== null && timeline().at(target)) {
      showTarget(); // whatever another load, begun before, has shown meanwhile
    } else if (opened) {
      change(() => {});
    } else if (timeline().loaded) {
      open();
    } else {
      drawTop();
    }
  }

  function retryLoad() {
    problem = null;
    load(opened ? history.older : history.open);
  }

  async function goToEnd() {
    if (timeline().hasNewer) await load(history.newest);
    if (problem) return;
    stuck = true;
    change(() => {
      attached = true;
      from = timeline().last - WINDOW + 1;
    });
    scroller.focus({ preventScroll: true });
  }

  /** Tell how far the person has looked: only what is on the screen of one who looks. */
  function look() {
    if (!opened || document.visibilityState !== "visible" || !document.hasFocus()) return;
    const edge = scroller.getBoundingClientRect().bottom;
    for (let node = list.lastElementChild; node; node = node.previousElementSibling) {
      if (!node.dataset.seq) continue;
      const { top: upper, height } = node.getBoundingClientRect();
      if (upper + Math.min(height, 40) <= edge) {
        seen(Number(node.dataset.seq));
        return;
      }
    }
  }

  /** Something in the timeline or the outbox is new. */
  function redraw() {
    if (!root.isConnected || !room()) return;
    if (problem && context.online() && !loading) {
      retryLoad();
      draw(); // what is in the outbox shows its state all the same
      return;
    }
    if (!opened) {
      if (timeline().loaded) open();
      else draw();
      return;
    }
    if (!timeline().loaded) {
      // Started over: the server no longer knows what was held.
      opened = false;
      load(history.open);
      return;
    }
    const away = document.visibilityState !== "visible" || !document.hasFocus();
    if (away && store.unread(room()) > 0 && (unreadAfter === null || unreadAfter < room().last_read_seq)) {
      unreadAfter = room().last_read_seq;
    }
    change(() => {
      if (attached && stuck && to - from + 1 > WINDOW + STEP) from = timeline().last - WINDOW + 1;
    });
  }

  /** One's own message: go to the end, the line has served. */
  function sent() {
    unreadAfter = null;
    goToEnd();
  }

  for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    scroller.addEventListener(name, () => (touched = true), { passive: true });
  }
  scroller.addEventListener(
    "scroll",
    () => {
      stuck = attached && atEnd();
      afterScroll();
    },
    { passive: true },
  );
  jump.addEventListener("click", goToEnd);
  const resize = new ResizeObserver(() => stuck && toEnd());
  resize.observe(scroller);
  resize.observe(list);
  const attention = () => look();
  addEventListener("focus", attention);
  document.addEventListener("visibilitychange", attention);

  return {
    root,
    list,
    redraw,
    sent,
    focus: () => scroller.focus({ preventScroll: true }),
    goTo,
    start(seq) {
      if (seq) goTo(seq);
      else if (timeline().loaded && timeline().following) open();
      else load(history.open);
    },
    stop() {
      resize.disconnect();
      removeEventListener("focus", attention);
      document.removeEventListener("visibilitychange", attention);
    },
  };
}
