// A list of people as a window: of thousands only those that are seen are drawn.

import { h, keyed, revealSpan, setAttr } from "../dom.js";
import { hasModifier, isComposing } from "../keys.js";
import { keepOrder } from "../member_order.js";
import { draw as drawSoon } from "../schedule.js";
import { rowsInView } from "../windowed.js";

const REM_OF_ROW = 3.5; // as --row says in the style sheet

/**
 * Make the list, called `label`: one Tab stop, in which arrows go from row to row. `create(item)` makes
 * an `<li>` whose first button is the row's own, `update(node, item)` brings it up to date. Returns
 * `{root, show(items), stop}`.
 */
export function createMemberList({ label, keyOf, create, update }) {
  const list = h("ul", { role: "list", "aria-label": label });
  const root = h("div", { class: "member-window" }, list);
  let items = [];
  let active = null; // the key of the row that Tab leads to

  const rowHeight = () => REM_OF_ROW * parseFloat(getComputedStyle(document.documentElement).fontSize);
  const indexOf = (key) => items.findIndex((item) => keyOf(item) === key);
  const hasFocus = () => root.contains(document.activeElement);
  const isBusy = () => root.matches(":hover") || hasFocus();

  function redraw() {
    const height = rowHeight();
    list.style.blockSize = `${items.length * REM_OF_ROW}rem`;
    const { from, to } = rowsInView({
      count: items.length,
      height,
      top: root.scrollTop,
      viewport: root.clientHeight,
    });
    const shown = Array.from({ length: to - from }, (_, step) => from + step);
    const at = indexOf(active);
    // What has the focus stays, also when it is scrolled out of sight.
    if (hasFocus() && at >= 0 && !shown.includes(at)) shown.push(at);
    const stop = shown.includes(at) ? at : shown[0];
    keyed(
      list,
      shown.sort((a, b) => a - b),
      (index) => keyOf(items[index]),
      (index) => create(items[index]),
      (node, index) => {
        node.style.insetBlockStart = `${index * REM_OF_ROW}rem`;
        setAttr(node, "aria-posinset", index + 1);
        setAttr(node, "aria-setsize", items.length);
        update(node, items[index]);
        for (const button of node.querySelectorAll("button")) button.tabIndex = index === stop ? 0 : -1;
      },
    );
  }

  /** Show these; whoever is looked at stays where they are. `anew` puts all in their order at once. */
  function show(next, { anew = false } = {}) {
    const height = rowHeight();
    const top = items[Math.floor(root.scrollTop / height)];
    const offset = root.scrollTop % height;
    const moved = root.scrollTop > 0 && top !== undefined;
    items = !anew && isBusy() ? keepOrder(items, next, keyOf) : next;
    redraw();
    if (anew) root.scrollTop = 0;
    else if (moved && indexOf(keyOf(top)) >= 0) root.scrollTop = indexOf(keyOf(top)) * height + offset;
    redraw();
  }

  function goTo(index) {
    active = keyOf(items[index]);
    const height = rowHeight();
    revealSpan(root, index * height, height);
    redraw();
    const node = [...list.children].find((row) => row.getAttribute("aria-posinset") === String(index + 1));
    node?.querySelector("button")?.focus({ preventScroll: true });
  }

  root.addEventListener("keydown", (event) => {
    if (isComposing(event) || hasModifier(event)) return;
    const page = Math.max(1, Math.floor(root.clientHeight / rowHeight()) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined || !items.length) return;
    event.preventDefault();
    goTo(Math.max(0, Math.min(items.length - 1, Math.max(0, indexOf(active)) + step)));
  });
  root.addEventListener("focusin", ({ target }) => {
    const at = Number(target.closest("[aria-posinset]")?.getAttribute("aria-posinset"));
    if (at) active = keyOf(items[at - 1]);
  });
  root.addEventListener("scroll", () => drawSoon(redraw), { passive: true });
  const observer = new ResizeObserver(() => drawSoon(redraw)); // larger text has higher rows
  observer.observe(root);
  observer.observe(list);

  return { root, show, stop: () => observer.disconnect() };
}
