// Emoji in rows, of which only those in view are in the document.

import { h, keyed, revealSpan, setAttr } from "../dom.js";
import { isComposing } from "../keys.js";

const BEYOND = 2; // rows above and below the view

/**
 * Make the grid. `choose(emoji)` is called by a click, `above()` when an arrow leaves the first row
 * upwards, `shown(emoji, name)` with the one pointed at, `scrolled(key)` with the section on top.
 * Sections are `{key, title, emoji: [{text, name}]}`. Returns `{root, show(sections), goTo(key), focus,
 * first}`.
 */
export function createEmojiGrid({ choose, above, shown, scrolled }) {
  const inside = h("div", { class: "emoji-inside" });
  const root = h("div", { class: "emoji-grid" }, inside);
  let rows = []; // {key, section, title?, emoji?, top, height}
  let sections = [];
  let columns = 8;
  let cell = 40;
  let active = null; // [row, column] that has the focus, or would get it

  function lay() {
    cell = parseFloat(getComputedStyle(root).getPropertyValue("--cell")) || 40;
    columns = Math.max(4, Math.floor(inside.clientWidth / cell));
    root.style.setProperty("--columns", columns);
    rows = [];
    let top = 0;
    const add = (row, height) => {
      rows.push({ ...row, top, height });
      top += height;
    };
    for (const section of sections) {
      if (section.title) add({ key: `title-${section.key}`, section, title: section.title }, cell * 0.8);
      for (let start = 0; start < section.emoji.length; start += columns) {
        const emoji = section.emoji.slice(start, start + columns);
        add({ key: `${section.key}-${start}-${columns}`, section, emoji }, cell);
      }
    }
    inside.style.blockSize = `${top}px`;
    const first = rows.findIndex((row) => row.emoji);
    active = first < 0 ? null : [first, 0];
  }

  function draw() {
    const from = root.scrollTop - BEYOND * cell;
    const to = root.scrollTop + root.clientHeight + BEYOND * cell;
    const held = inside.contains(document.activeElement) ? rows[active[0]] : null; // keeps the focus
    const view = rows.filter((row) => (row.top + row.height >= from && row.top <= to) || row === held);
    keyed(inside, view, ({ key }) => key, createRow, updateRow);
    const at = rows.findLast(({ top }) => top <= root.scrollTop + cell / 2);
    if (at) scrolled(at.section.key);
  }

  function createRow({ title, emoji }) {
    if (title) return h("p", { class: "emoji-title" }, title);
    const cells = emoji.map(({ text, name }) =>
      h("button", { type: "button", class: "emoji", tabindex: "-1", "aria-label": name, title: name }, text),
    );
    return h("div", { class: "emoji-row" }, cells);
  }

  function updateRow(node, row) {
    node.style.insetBlockStart = `${row.top}px`;
    node.style.blockSize = `${row.height}px`;
    if (!row.emoji) return;
    const index = rows.indexOf(row);
    [...node.children].forEach((one, column) => {
      setAttr(one, "tabindex", active?.[0] === index && active[1] === column ? "0" : "-1");
    });
  }

  /** Where an element stands: [row, column]. */
  function placeOf(button) {
    const top = parseFloat(button.parentNode.style.insetBlockStart);
    return [rows.findIndex((row) => row.emoji && Math.abs(row.top - top) < 1), [...button.parentNode.children].indexOf(button)];
  }

  function focusOn(row, column) {
    active = [row, Math.min(column, rows[row].emoji.length - 1)];
    const { top, height } = rows[row];
    revealSpan(root, top, height, cell); // the title above the first row, too
    draw();
    inside.querySelector(".emoji[tabindex='0']")?.focus({ preventScroll: true });
  }

  function onKeyDown(event) {
    if (isComposing(event) || !event.target.matches(".emoji")) return;
    const { key } = event;
    const [row, column] = placeOf(event.target);
    const side = getComputedStyle(root).direction === "rtl" ? -1 : 1;
    const across = { ArrowRight: side, ArrowLeft: -side }[key];
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (across) sideways(row, column + across);
    else if (step) {
      const next = nextRow(row, step);
      if (next !== null) focusOn(next, column);
      else if (step < 0) above();
    } else if (key === "Home") focusOn(row, 0);
    else if (key === "End") focusOn(row, columns);
    else return;
    event.preventDefault();
  }

  function nextRow(row, step) {
    for (let next = row + step; next >= 0 && next < rows.length; next += step) if (rows[next].emoji) return next;
    return null;
  }

  function sideways(row, column) {
    if (column >= 0 && column < rows[row].emoji.length) {
      focusOn(row, column);
      return;
    }
    const next = nextRow(row, Math.sign(column - 0.5));
    if (next !== null) focusOn(next, column < 0 ? columns : 0);
  }

  root.addEventListener("scroll", draw, { passive: true });
  root.addEventListener("keydown", onKeyDown);
  root.addEventListener("click", (event) => {
    const button = event.target.closest(".emoji");
    if (button) choose(button.textContent);
  });
  for (const name of ["focusin", "pointerover"]) {
    root.addEventListener(name, ({ target }) => {
      if (!target.matches(".emoji")) return;
      if (name === "focusin") active = placeOf(target);
      shown(target.textContent, target.getAttribute("aria-label"));
    });
  }

  return {
    root,
    show(next) {
      sections = next;
      lay();
      root.scrollTop = 0;
      draw();
    },
    goTo(key) {
      const row = rows.find(({ section }) => section.key === key);
      if (row) root.scrollTop = row.top;
      draw();
    },
    focus: () => active && focusOn(...active),
    first: () => sections.find(({ emoji }) => emoji.length)?.emoji[0].text ?? null,
  };
}
