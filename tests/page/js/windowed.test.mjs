import assert from "node:assert/strict";
import { test } from "node:test";
import { revealSpan } from "../../../chat/static/js/dom.js";
import { rowsInView } from "../../../chat/static/js/windowed.js";

const rows = (more) => rowsInView({ count: 1_000, height: 60, top: 0, viewport: 600, ...more });

test("the rows in view are drawn, and some around them", () => {
  assert.deepEqual(rows(), { from: 0, to: 16 });
  assert.deepEqual(rows({ top: 6_000 }), { from: 94, to: 116 });
  assert.deepEqual(rows({ top: 59_400 }), { from: 984, to: 1_000 });
});

test("no row beyond the end is drawn, wherever the list is scrolled", () => {
  assert.deepEqual(rows({ count: 3 }), { from: 0, to: 3 });
  assert.deepEqual(rows({ count: 0 }), { from: 0, to: 0 });
  assert.deepEqual(rows({ count: 3, top: 9_000 }), { from: 2, to: 3 });
  assert.deepEqual(rows({ top: -300 }), { from: 0, to: 11 });
});

test("a list scrolls as little as is needed to show a row", () => {
  const after = (scrollTop, ...row) => {
    const scroller = { scrollTop, clientHeight: 100 };
    revealSpan(scroller, ...row);
    return scroller.scrollTop;
  };
  assert.equal(after(50, 60, 20), 50); // in view
  assert.equal(after(50, 40, 20), 40); // above
  assert.equal(after(50, 140, 20), 60); // below
  assert.equal(after(50, 60, 20, 30), 30); // too near to the upper edge
  assert.equal(after(50, 200, 300, 30), 170); // higher than the view: its beginning
});
