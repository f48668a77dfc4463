// Pictures as `blob:` addresses: fetched with the token, kept while they are shown, and a few more.

import { ApiError } from "../answer.js";
import { createTurns } from "./turns.js";

const AT_ONCE = 4;
const TRIES = 4; // where many people open the same pictures at once, some have to come again
const SOON = 5; // seconds; for a longer wait the picture fails, and a click asks again

/**
 * `fetchBlob(path)` resolves to a Blob or throws ApiError. At most `most` pictures and `bytes` are
 * kept, the ones used last, beside those in the page. `urls` makes and revokes addresses, `wait(ms)`
 * lets time pass.
 */
export class Pictures {
  constructor({ fetchBlob, most = 150, bytes = 64 * 1024 * 1024, urls = URL, wait }) {
    Object.assign(this, { fetchBlob, most, bytes, urls, wait });
    this.entries = new Map(); // path or key -> entry, the one used last at the end
    this.turns = createTurns(AT_ONCE);
  }

  /** Keep a picture of this browser under a key of its own; returns its address. */
  putLocal(key, blob, owner = {}) {
    const known = this.use(key);
    if (known) return known.url;
    const entry = { url: this.urls.createObjectURL(blob), size: blob.size, images: new Set(), ...owner };
    this.entries.set(key, entry);
    this.evict();
    return entry.url;
  }

  /** What was a picture of this browser is the server's from now on: no need to fetch it. */
  adopt(key, path) {
    const entry = this.entries.get(key);
    if (entry && !this.entries.has(path)) this.entries.set(path, entry);
  }

  /** The address of a picture that is here, else null. */
  peek(path) {
    return this.use(path)?.url ?? null;
  }

  /** Get a picture's address; `owner` is `{message, room}`, by which it is dropped. Throws ApiError. */
  async load(path, owner = {}) {
    const known = this.use(path);
    if (known) return known.url ?? known.loading;
    const entry = { url: null, size: 0, images: new Set(), ...owner };
    this.entries.set(path, entry);
    entry.loading = this.fetch(path, entry);
    return entry.loading;
  }

  async fetch(path, entry) {
    try {
      const blob = await this.turns.take(() => this.fetchInTurn(path, entry));
      this.requireWanted(path, entry);
      Object.assign(entry, { url: this.urls.createObjectURL(blob), size: blob.size, loading: null });
      this.evict();
      return entry.url;
    } catch (error) {
      if (this.entries.get(path) === entry) this.entries.delete(path); // it may be asked for again
      throw error;
    }
  }

  async fetchInTurn(path, entry) {
    for (let tries = 1; ; tries += 1) {
      this.requireWanted(path, entry);
      try {
        return await this.fetchBlob(path);
      } catch (error) {
        if (error.code !== "rate_limited" || tries === TRIES || error.retryAfter > SOON) throw error;
        await this.wait((error.retryAfter || 1) * 1000 * (1 + Math.random()));
      }
    }
  }

  requireWanted(path, entry) {
    if (this.entries.get(path) !== entry) throw new ApiError({ code: "not_found" }); // dropped meanwhile
  }

  /** An image shows a picture: it stays for as long as that is in the page. */
  hold(path, image) {
    this.entries.get(path)?.images.add(image);
  }

  use(path) {
    const entry = this.entries.get(path);
    if (!entry) return null;
    this.entries.delete(path);
    this.entries.set(path, entry);
    return entry;
  }

  evict() {
    const entries = new Set(this.entries.values());
    let count = entries.size;
    let bytes = [...entries].reduce((sum, { size }) => sum + size, 0);
    for (const entry of entries) {
      if (count <= this.most && bytes <= this.bytes) return;
      for (const image of entry.images) if (!image.isConnected) entry.images.delete(image);
      if (!entry.url || entry.images.size || entry === this.newest) continue;
      count -= 1;
      bytes -= entry.size;
      this.remove(entry);
    }
  }

  get newest() {
    return [...this.entries.values()].at(-1);
  }

  remove(entry) {
    for (const [path, other] of this.entries) if (other === entry) this.entries.delete(path);
    if (entry.url) this.urls.revokeObjectURL(entry.url);
  }

  /** Forget the pictures of a message, or of a room, that is gone. */
  drop({ message, room }) {
    for (const entry of new Set(this.entries.values())) {
      const isMessage = message !== undefined && entry.message === message;
      if (isMessage || (room !== undefined && entry.room === room)) this.remove(entry);
    }
  }
}
