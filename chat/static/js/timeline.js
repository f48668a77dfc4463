// One room's messages: a gapless stretch of its log, ordered by seq, each message once.

/**
 * `first` and `last` are the ends of the stretch held (0 and 0 when nothing is held), `head` is the
 * newest seq known to exist. A stretch that has once reached the head is `following`: it is meant to
 * stay there, so what is missing up to the head is a gap to be filled. One further back is not.
 */
export class Timeline {
  constructor(head = 0) {
    this.clear(head);
  }

  clear(head = 0) {
    this.messages = [];
    this.head = head;
    this.loaded = false;
    this.following = false;
    this.ahead = new Map(); // arrived before what comes in between
  }

  get first() {
    return this.messages[0]?.seq ?? 0;
  }

  get last() {
    return this.messages[this.messages.length - 1]?.seq ?? 0;
  }

  get hasOlder() {
    return this.loaded && this.first > 1;
  }

  get hasNewer() {
    return this.loaded && this.last < this.head;
  }

  /** Whether messages that belong here are missing. */
  get hasGap() {
    return this.following && this.hasNewer;
  }

  /** Start over with one page of the log, in order; `hasNewer` tells that it is not the newest. */
  load(page, { hasNewer = false } = {}) {
    this.messages = [...page];
    this.loaded = true;
    this.following = !hasNewer;
    for (const seq of this.ahead.keys()) if (seq <= this.last) this.ahead.delete(seq);
    this.settle();
  }

  /** Put a page of older messages in front; returns how many. A page that does not touch is ignored. */
  prepend(page) {
    const older = page.filter((message) => message.seq < this.first);
    if (!older.length || older[older.length - 1].seq !== this.first - 1) return 0;
    this.messages = [...older, ...this.messages];
    return older.length;
  }

  /** Take one message from anywhere: a push, an ack, a page of newer ones. */
  add(message) {
    this.head = Math.max(this.head, message.seq);
    if (!this.loaded) return;
    if (message.seq <= this.last) {
      this.replace(message);
    } else if (message.seq === this.last + 1) {
      this.messages.push(message);
      this.settle();
    } else if (this.following) {
      this.ahead.set(message.seq, message);
    }
  }

  replace(message) {
    const index = message.seq - this.first;
    if (index >= 0 && this.messages[index]?.id === message.id) this.messages[index] = message;
  }

  /** Join what was set aside and now fits. */
  settle() {
    for (let next; (next = this.ahead.get(this.last + 1)); ) {
      this.messages.push(next);
      this.ahead.delete(next.seq);
    }
    this.head = Math.max(this.head, this.last);
    if (this.last === this.head) this.following = true;
  }

  /** The message with this seq, or null. */
  at(seq) {
    return this.messages[seq - this.first] ?? null;
  }

  /** The held messages with `from <= seq <= to`. */
  slice(from, to) {
    if (!this.messages.length) return [];
    const start = Math.max(0, from - this.first);
    return this.messages.slice(start, Math.max(start, to - this.first + 1));
  }
}
