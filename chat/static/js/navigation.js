// The browser's history as the page uses it: one entry for each place, and one more for each layer
// (a dialog, a menu) over it, so that Back closes what lies on top and nothing else.

const HOME = "/";
const PATIENCE_MS = 1_000; // a step back that leads nowhere is not reported

/**
 * Each entry's state has `home`, the steps back to the nearest entry at "/" (null: there is none),
 * and `layers`, how many layers lie over the place. Steps back take a while: one is on its way at a
 * time, and what is asked for meanwhile waits for it.
 */
export class Navigation {
  constructor({ history, location, timers = globalThis }) {
    Object.assign(this, { history, location, timers });
    this.layers = []; // what closes each, the topmost last
    this.plan = null; // where to go once the layers' entries are gone
    this.moving = null; // the timer of a step back on its way
    this.path = location.pathname;
    this.onPlace = () => {};
  }

  get state() {
    const { home = null, layers = 0 } = this.history.state ?? {};
    return { home, layers };
  }

  /** Begin; `onPlace()` is told of every change of the address. */
  start(onPlace) {
    this.onPlace = onPlace;
    this.settle(); // a page that was loaded again has entries of layers that are gone
  }

  /** Go to a path; the layers over the place that is left are closed. */
  go(path) {
    this.closeLayers();
    this.plan = { path, back: false };
    this.settle();
  }

  /**
   * Go to "/": back to it where it lies behind, else in place of this entry. `later` leaves layers
   * open and waits until the last one is closed.
   */
  goHome({ later = false } = {}) {
    if (!later) this.closeLayers();
    this.plan = { path: HOME, back: true };
    this.settle();
  }

  /** Go to where one came from; where that was no place of the page, to "/". */
  goBack() {
    this.closeLayers();
    if (this.state.home === null) this.goHome();
    else this.history.back();
  }

  /** Put a layer on top, `close()` takes it away; returns what to call when it was closed. */
  layer(close) {
    this.layers.push(close);
    this.settle();
    return () => {
      const at = this.layers.indexOf(close);
      if (at < 0) return;
      this.layers.splice(at, 1);
      this.settle();
    };
  }

  /** The browser went to another entry. */
  popped() {
    const own = this.moving !== null;
    this.timers.clearTimeout(this.moving);
    this.moving = null;
    if (!own) while (this.layers.length > this.state.layers) this.layers.pop()();
    this.settle();
    if (this.location.pathname !== this.path) this.arrive();
  }

  closeLayers() {
    for (const close of this.layers.splice(0).reverse()) close();
  }

  /** Do the next thing by which the history becomes what it is meant to be. */
  settle() {
    if (this.moving !== null) return;
    if (this.plan && !this.layers.length) this.carryOut(this.plan);
    else this.match();
  }

  /** Let the entries over this place be as many as the layers. */
  match() {
    const { layers } = this.state;
    if (layers > this.layers.length) this.back(layers - this.layers.length);
    for (let count = layers + 1; count <= this.layers.length; count += 1) {
      this.push(this.location.href, count);
    }
  }

  carryOut({ path, back }) {
    const { home, layers } = this.state;
    if (this.location.pathname === path) {
      this.plan = null;
      this.match();
      this.arrive();
      return;
    }
    if (back && home !== null && home < this.history.length) {
      this.back(home);
      return;
    }
    const replaced = back ? layers : Math.max(0, layers - 1); // a new place takes one layer's entry
    if (replaced) {
      this.back(replaced);
      return;
    }
    this.plan = null;
    if (back || layers) this.history.replaceState({ home, layers: 0 }, "", path);
    else this.push(path, 0);
    this.arrive();
  }

  push(address, layers) {
    const { home } = this.state;
    const further = home === null ? null : home + 1;
    this.history.pushState({ home: this.location.pathname === HOME ? 1 : further, layers }, "", address);
  }

  back(steps) {
    this.moving = this.timers.setTimeout(() => {
      // There is no such entry: this browser's history is another one than its states tell of.
      this.moving = null;
      this.history.replaceState({ home: null, layers: this.layers.length }, "", this.location.href);
      this.settle();
    }, PATIENCE_MS);
    this.history.go(-steps);
  }

  arrive() {
    this.path = this.location.pathname;
    this.onPlace();
  }
}

/** The history of this page. */
export const navigation = globalThis.window ? new Navigation(globalThis) : null;
globalThis.window?.addEventListener("popstate", () => navigation.popped());
