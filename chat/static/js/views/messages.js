// The message list: a window of rows over the timeline, and the one owner of its scrolling.

import { unreadIn } from "../attention.js";
import { fill, h, icon, keyed, reveal } from "../dom.js";
import { withFiles } from "../files/kinds.js";
import { createNear } from "../files/near.js";
import { full } from "../format.js";
import { rowsOf } from "../grouping.js";
import { DOWN } from "../icons.js";
import { t } from "../i18n.js";
import { plainText } from "../markup.js";
import { keepPlace, keptPlace } from "../reading_place.js";
import { collapseLong } from "./collapse.js";
import { createStickyDay } from "./day.js";
import { createRoving } from "./roving.js";
import { createRow, messageOf, partsOf, updateRow } from "./row.js";
import { skeleton } from "./skeleton.js";

const WINDOW = 80; // rows at most, about
const STEP = 40;
const END_PX = 80; // nearer than this counts as being at the end
const MARGIN = 40; // above a row that the keyboard reaches: the floating date stands there
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
  context: given,
  welcome,
}) {
  const timeline = () => store.timeline(roomId);
  const room = () => store.rooms.get(roomId);
  const isDirect = room().kind === "direct";
  const list = h("ol", { class: isDirect ? "messages bubbles" : "messages flat", role: "list" });
  const top = h("div", { class: "list-top" });
  const scroller = h(
    "section",
    { class: "transcript", tabindex: "-1", "aria-label": t("messages.label", { name: title }) },
    top,
    list,
  );
  const { near, stop: stopNear } = createNear(scroller);
  const peerId = isDirect ? room().peer?.id : null;
  const context = { ...given, isDirect, peerId, files: { ...given.files, near } };
  const jump = h("button", { type: "button", class: "jump", hidden: true }, icon(DOWN), h("span"));
  const stickyDay = createStickyDay();
  const root = h("div", { class: "transcript-frame" }, scroller, stickyDay.root, jump);
  const roving = createRoving({
    list,
    labelOf,
    reveal: (row) => reveal(scroller, row, MARGIN),
    toEnd: () => attached || goToEnd(),
  });

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
    const own = line.following && line.messages.findLast((message) => message.user_id === store.me.id);
    const newest = own && rows.find(({ message }) => message === own);
    if (newest) newest.newest = true;
    const hadFocus = list.contains(document.activeElement);
    const written = []; // rows whose text is new
    keyed(
      list,
      rows,
      (row) => row.key,
      (row) => createRow(row, context),
      (node, row) => updateRow(node, row, context) && written.push(node),
    );
    if (hadFocus && !list.contains(document.activeElement)) focus(); // its row is out of the window
    collapseLong(written.map((node) => ({ box: partsOf(node).box, message: messageOf(node) })), keepButton);
    drawTop();
  }

  /** Show more or less of a message; the button that was pressed stays where it is when that shortens it. */
  function keepButton(button, toggle) {
    const { top: before } = button.getBoundingClientRect();
    const grows = button.getAttribute("aria-expanded") === "false";
    stuck = false;
    toggle();
    if (!grows) scroller.scrollTop += button.getBoundingClientRect().top - before;
    afterScroll();
  }

  function labelOf(row) {
    const message = messageOf(row);
    const name = store.authorOf(message);
    const text = message.deleted_at ? t("message.deleted") : withFiles(plainText(message.data), message.files);
    return t("message.label", { name, when: full(message.created_at), text });
  }

  function focus() {
    scroller.focus({ preventScroll: true });
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
    } else if (!line.loaded) {
      if (!top.querySelector(".skeleton")) top.replaceChildren(skeleton(isDirect));
    } else if (line.hasOlder || from > line.first) {
      top.replaceChildren(h("p", { class: "muted" }, loading ? t("loading") : ""));
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
      if (bottom > edge + 8) return { node, bottom, edge };
    }
    return null;
  }

  /** The last message that is seen, whole or its first lines. */
  function lastVisible() {
    const edge = scroller.getBoundingClientRect().bottom;
    for (let node = list.lastElementChild; node; node = node.previousElementSibling) {
      if (!node.classList.contains("message")) continue;
      const { top: upper, height } = node.getBoundingClientRect();
      if (upper + Math.min(height, 40) <= edge) return node;
    }
    return null;
  }

  /** Let the date float above what is read further up, unless a line in the list says it there. */
  function drawStickyDay() {
    const first = stuck ? null : firstVisible();
    if (!first) return stickyDay.show(null);
    const hasLine = [first.node.previousElementSibling, first.node, first.node.nextElementSibling].some(
      (node) =>
        node?.matches(".day, .unread-line") &&
        node.getBoundingClientRect().top < first.edge + MARGIN &&
        node.getBoundingClientRect().bottom > first.edge,
    );
    return stickyDay.show(hasLine ? null : messageOf(first.node).created_at);
  }

  function toEnd() {
    scroller.scrollTop = scroller.scrollHeight;
  }

  /** Show the first page: at the unread line if there is one, else where one was, else at the end. */
  function open() {
    opened = true;
    const line = timeline();
    const unread = unreadIn(room());
    unreadAfter = unread > 0 && room().last_read_seq > 0 ? room().last_read_seq : null;
    attached = !line.hasNewer;
    to = line.last;
    from = Math.max(line.first, to - WINDOW + 1);
    if (unreadAfter !== null) from = Math.min(from, Math.max(line.first, unreadAfter - 10));
    const place = keptPlace(roomId);
    if (target !== null && line.at(target)) {
      showTarget();
      return;
    }
    if (place && unreadAfter === null && line.at(place.seq)) {
      showAround(place.seq);
      const { bottom } = rowOf(place.seq).getBoundingClientRect();
      scroller.scrollTop += bottom - scroller.getBoundingClientRect().top - place.offset;
      afterScroll();
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

  function isPlaceHeld() {
    const place = keptPlace(roomId);
    return place !== null && unreadIn(room()) === 0 && timeline().at(place.seq) !== null;
  }

  function rowOf(seq) {
    return list.querySelector(`:scope > [data-seq="${seq}"]`);
  }

  /** Draw the rows around a held message. */
  function showAround(seq) {
    const line = timeline();
    opened = true;
    stuck = false;
    from = Math.max(line.first, seq - WINDOW / 2);
    to = Math.min(line.last, seq + WINDOW / 2);
    attached = to === line.last && !line.hasNewer;
    draw();
  }

  /** Show the held message that a link or a quote names, in the middle. */
  function showTarget() {
    showAround(target);
    const node = rowOf(target);
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

  /** The seq of the last row that stays when rows below are taken away: EDGE viewports below what is seen. */
  function lastNear() {
    const edge = scroller.getBoundingClientRect().bottom + scroller.clientHeight * EDGE;
    const far = [...list.children].find(
      (node) => node.dataset.seq && node.getBoundingClientRect().top > edge,
    );
    return far ? Number(far.dataset.seq) - 1 : to;
  }

  /** The same for the first row that stays when rows above are taken away. */
  function firstNear() {
    const edge = scroller.getBoundingClientRect().top - scroller.clientHeight * EDGE;
    const far = [...list.children].findLast(
      (node) => node.dataset.seq && node.getBoundingClientRect().bottom < edge,
    );
    return far ? Number(far.dataset.seq) + 1 : from;
  }

  function afterScroll() {
    const line = timeline();
    jump.hidden = !opened || (attached && (stuck || atEnd()));
    if (!jump.hidden) {
      const unread = unreadIn(room());
      jump.lastChild.textContent = unread ? t("messages.jump_new", { count: unread }) : t("messages.jump");
    }
    const last = lastVisible();
    look(last);
    roving.refresh(last);
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
      if (to - from + 1 <= WINDOW + STEP) return;
      const last = Math.max(from + WINDOW - 1, lastNear());
      if (last >= to) return;
      to = last;
      attached = false;
      stuck = false;
    });
  }

  function growDown() {
    change(() => {
      to = Math.min(timeline().last, to + STEP);
      attached = to === timeline().last && !timeline().hasNewer;
      if (to - from + 1 > WINDOW + STEP) from = Math.max(from, Math.min(to - WINDOW + 1, firstNear()));
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
    focus();
  }

  /** Tell how far the person has looked: only what is on the screen of one who looks. */
  function look(last = lastVisible()) {
    if (!opened || document.visibilityState !== "visible" || !document.hasFocus()) return;
    while (last && !last.dataset.seq) last = last.previousElementSibling; // what is not sent yet
    if (last) seen(Number(last.dataset.seq));
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
    if (away && unreadIn(room()) > 0 && (unreadAfter === null || unreadAfter < room().last_read_seq)) {
      unreadAfter = room().last_read_seq;
    }
    change(shorten);
  }

  /** What comes in while one reads further up is drawn when one gets there. */
  function shorten() {
    const { last } = timeline();
    if (!attached || last - from + 1 <= WINDOW + STEP) return;
    if (stuck) {
      from = last - WINDOW + 1;
      return;
    }
    const near = lastNear();
    if (near < to) {
      to = Math.max(from + WINDOW - 1, near);
      attached = false;
    } else from = Math.max(from, Math.min(last - WINDOW + 1, firstNear())); // one sees the end
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
      if (touched) drawStickyDay();
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
    focus,
    goTo,
    start(seq) {
      if (seq) goTo(seq);
      else if (timeline().loaded && (timeline().following || isPlaceHeld())) open();
      else load(history.open);
    },
    /** Leave the room; what was being read is found again when somebody comes back. */
    stop() {
      const first = opened && !stuck ? firstVisible() : null;
      const seq = first && Number(first.node.dataset.seq);
      keepPlace(roomId, seq ? { seq, offset: first.bottom - first.edge } : null);
      stickyDay.stop();
      stopNear();
      resize.disconnect();
      removeEventListener("focus", attention);
      document.removeEventListener("visibilitychange", attention);
    },
  };
}
