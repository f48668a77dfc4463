import assert from "node:assert/strict";
import { test } from "node:test";
import { Navigation } from "../../../chat/static/js/navigation.js";
import { createTimers } from "./helpers.mjs";

/** A browser's history and address; what is at `entries` was there before. `here()` lists the paths. */
function createBrowser(...entries) {
  const list = entries.map((path) => ({ path, state: null }));
  let at = list.length - 1;
  const timers = createTimers();
  const seen = [];
  const history = {
    get state() {
      return list[at].state;
    },
    get length() {
      return list.length;
    },
    pushState(state, _, address) {
      list.splice(at + 1, list.length, { state, path: new URL(address, "http://x").pathname });
      at += 1;
    },
    replaceState(state, _, address) {
      list[at] = { state, path: new URL(address, "http://x").pathname };
    },
    go(steps) {
      setImmediate(() => {
        if (!list[at + steps]) return; // as in a browser: nothing happens, and nothing is told
        at += steps;
        navigation.popped();
      });
    },
  };
  const location = {
    get pathname() {
      return list[at].path;
    },
    get href() {
      return `http://x${list[at].path}`;
    },
  };
  const open = () => new Navigation({ history, location, timers });
  let navigation = open();
  const settled = async () => {
    for (let turn = 0; turn < 6; turn += 1) await new Promise(setImmediate);
  };
  const start = () => navigation.start(() => seen.push(location.pathname));
  start();
  return {
    get navigation() {
      return navigation;
    },
    seen,
    timers,
    settled,
    here: () => list.slice(0, at + 1).map(({ path }) => path),
    async press(steps) {
      history.go(steps);
      await settled();
    },
    reload() {
      navigation = open();
      start();
      return settled();
    },
    /** Open a layer; `closed` tells what became of it. */
    layer() {
      const layer = { closed: false };
      layer.closeItself = navigation.layer(() => (layer.closed = true));
      return layer;
    },
  };
}

test("Back closes what lies on top and leads nowhere else", async () => {
  const browser = createBrowser("/", "/r/1");
  const [sheet, dialog] = [browser.layer(), browser.layer()];
  await browser.press(-1);
  assert.deepEqual([sheet.closed, dialog.closed], [false, true]);
  await browser.press(-1);
  assert.deepEqual([sheet.closed, browser.here()], [true, ["/", "/r/1"]]);
  assert.deepEqual(browser.seen, []);
  await browser.press(-1);
  assert.deepEqual(browser.seen, ["/"]);
});

test("a layer that is closed by itself leaves no entry behind", async () => {
  const browser = createBrowser("/r/1");
  const [sheet, menu] = [browser.layer(), browser.layer()];
  const dialog = browser.layer();
  menu.closeItself(); // in the middle
  await browser.settled();
  assert.deepEqual(browser.here(), ["/r/1", "/r/1", "/r/1"]);
  dialog.closeItself();
  sheet.closeItself();
  await browser.settled();
  assert.deepEqual(browser.here(), ["/r/1"]);
  assert.equal(menu.closed || dialog.closed || sheet.closed, false); // nobody closed them twice
});

test("going somewhere closes the layers and takes their place", async () => {
  const browser = createBrowser("/");
  const layers = [browser.layer(), browser.layer()];
  browser.navigation.go("/r/1");
  await browser.settled();
  assert.deepEqual(layers.map(({ closed }) => closed), [true, true]);
  assert.deepEqual(browser.here(), ["/", "/r/1"]);
  browser.layer();
  browser.navigation.go("/r/1"); // where one is
  await browser.settled();
  assert.deepEqual(browser.here(), ["/", "/r/1"]);
});

test("home is behind where one came from it, and takes the place of a link's target", async () => {
  const browser = createBrowser("/");
  browser.navigation.go("/r/1");
  browser.navigation.go("/r/1/m/5");
  browser.layer();
  browser.navigation.goHome();
  await browser.settled();
  assert.deepEqual(browser.here(), ["/"]);
  const linked = createBrowser("/elsewhere", "/r/1");
  linked.navigation.go("/r/2");
  linked.navigation.goHome();
  await linked.settled();
  assert.deepEqual(linked.here(), ["/elsewhere", "/r/1", "/"]);
});

test("going home later waits for what somebody has open", async () => {
  const browser = createBrowser("/");
  browser.navigation.go("/r/1");
  const profile = browser.layer();
  browser.navigation.goHome({ later: true });
  await browser.settled();
  assert.deepEqual([profile.closed, browser.here()], [false, ["/", "/r/1", "/r/1"]]);
  profile.closeItself();
  await browser.settled();
  assert.deepEqual(browser.here(), ["/"]);
});

test("entries of layers that are gone are left, after a reload and by Forward", async () => {
  const browser = createBrowser("/", "/r/1");
  browser.layer();
  await browser.reload();
  assert.deepEqual(browser.here(), ["/", "/r/1"]);
  await browser.press(1);
  assert.deepEqual(browser.here(), ["/", "/r/1"]);
});

test("what is opened while a step back is on its way gets its entry", async () => {
  const browser = createBrowser("/r/1");
  browser.layer().closeItself();
  const next = browser.layer();
  await browser.settled();
  assert.deepEqual([next.closed, browser.here()], [false, ["/r/1", "/r/1"]]);
  await browser.press(-1);
  assert.equal(next.closed, true);
});

test("a history that is shorter than it says keeps nobody from going on", async () => {
  const browser = createBrowser("/");
  browser.navigation.go("/r/1");
  browser.navigation.history.replaceState({ home: 5, layers: 0 }, "", "/r/1");
  browser.navigation.goHome();
  assert.deepEqual(browser.here(), ["/", "/"]);
  browser.navigation.go("/r/2");
  browser.navigation.history.replaceState({ home: 1, layers: 7 }, "", "/r/2");
  browser.layer().closeItself();
  await browser.settled();
  await browser.timers.run();
  browser.navigation.go("/r/3");
  assert.deepEqual(browser.here().at(-1), "/r/3");
});
