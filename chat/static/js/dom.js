// The only place that makes elements. Text becomes text nodes; nothing here parses markup.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "inert"]);

/** Make an element: `h("p", {class: "x", onclick: f}, "text", child, [more])`. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) setProp(node, name, value);
  append(node, children);
  return node;
}

function setProp(node, name, value) {
  if (value === undefined || value === null) return;
  if (typeof value === "function") node.addEventListener(name.slice(2), value);
  else if (name === "dataset") Object.assign(node.dataset, value);
  else if (PROPERTIES.has(name)) node[name] = value;
  else if (value === true) node.setAttribute(name, "");
  else if (value !== false) node.setAttribute(name, value);
}

/** Append nodes and strings, flattening arrays and skipping null, undefined and false. */
export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child);
  }
  return node;
}

/** Replace all children of a node. */
export function fill(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

const looks = new WeakMap();

/**
 * Fill a node with what `make()` returns, only when its `look`, a text that says all this depends on,
 * is another one: what is in the node may have the focus.
 */
export function fillAnew(node, look, make) {
  if (looks.get(node) === look) return;
  looks.set(node, look);
  fill(node, make());
}

/** Set text only when it differs, so that selections and screen readers are left alone. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Set an attribute, or remove it for null and false, only when that changes something. */
export function setAttr(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value);
  }
}

/**
 * Scroll as little as is needed to see a node, with `margin` px above it. Never scrollIntoView(): it
 * moves what is around the scroller, too.
 */
export function reveal(scroller, node, margin = 0) {
  const { top, height } = node.getBoundingClientRect();
  const edge = scroller.getBoundingClientRect().top + scroller.clientTop;
  revealSpan(scroller, top - edge + scroller.scrollTop, height, margin);
}

/** The same for what is `height` px high and begins `top` px below the beginning of what is scrolled. */
export function revealSpan(scroller, top, height, margin = 0) {
  const { scrollTop, clientHeight } = scroller;
  const least = top + height - clientHeight;
  if (top - margin < scrollTop) scroller.scrollTop = top - margin;
  else if (least > scrollTop) scroller.scrollTop = Math.min(least, top - margin);
}

const keyedNodes = new WeakMap();

/**
 * Make a parent's children match `items`, keeping the node of every key that stays.
 * Stale nodes go before new ones are placed: that way a shifted window moves nothing.
 */
export function keyed(parent, items, keyOf, create, update) {
  const before = keyedNodes.get(parent) ?? new Map();
  const after = new Map();
  for (const item of items) after.set(keyOf(item), null);
  for (const [key, node] of before) if (!after.has(key)) node.remove();
  let next = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    const node = before.get(key) ?? create(item);
    update?.(node, item);
    after.set(key, node);
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
  keyedNodes.set(parent, after);
  return after;
}

/** Make an icon of 24 × 24 units from one path; decorative, so hidden from screen readers. */
export function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of [
    ["viewBox", "0 0 24 24"],
    ["class", "icon"],
    ["aria-hidden", "true"],
    ["focusable", "false"],
  ])
    svg.setAttribute(name, value);
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}
