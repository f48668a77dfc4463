// One room's messages: a gapless stretch of its log, ordered by seq, each message once and as it is now.

import { QUOTED } from "./quoted.js";
import { beginning } from "./text.js";
import { newerOf } from "./versions.js";

const MOST_ASIDE = 1_000; // messages that wait for their place when word of another change comes

/**
 * `first` and `last` are the ends of the stretch held (0 and 0 when nothing is held), `head` is the
 * newest seq known to exist. A stretch that has once reached the head is `following`: it is meant to
 * stay there, so what is missing up to the head is a gap to be filled. One further back is not.
 *
 * `rev` is the last change up to which all that is held is known to be as it is now, `lastRev` the
 * newest change known to exist.
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
    this.rev = 0;
    this.lastRev = 0;
    this.unknownTo = 0; // the last seq of those whose change was dropped, as they are not held
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

  /** Whether changes of what is held may be missing. */
  get isBehind() {
    return this.loaded && this.rev < this.lastRev;
  }

  /**
   * Start over with one page of the log, in order, that is at least as new as the change `rev`;
   * `hasNewer` tells that it is not the newest. What is held in a newer copy stays as it is.
   */
  load(page, { hasNewer = false, rev = 0 } = {}) {
    this.messages = page.map((message) => newest(this.at(message.seq) ?? this.ahead.get(message.seq), message));
    this.following = !hasNewer;
    this.bringQuotesUp();
    for (const seq of this.ahead.keys()) if (seq <= this.last) this.ahead.delete(seq);
    this.rev = this.ahead.size ? Math.min(this.rev, rev) : rev;
    this.loaded = true;
    this.hearRev(rev);
    this.settle();
  }

  /** Put a page of older messages in front; returns how many. A page that does not touch is ignored. */
  prepend(page, rev = 0) {
    this.hearRev(rev);
    const older = page.filter((message) => message.seq < this.first);
    if (!older.length || older[older.length - 1].seq !== this.first - 1) return 0;
    this.messages = [...older, ...this.messages];
    this.bringQuotesUp();
    this.rev = Math.min(this.rev, rev);
    return older.length;
  }

  /** Put a page of newer messages behind, at least as new as `rev`; what does not touch is ignored. */
  extend(page, rev = 0) {
    this.hearRev(rev);
    for (const message of page) {
      this.head = Math.max(this.head, message.seq);
      if (!this.loaded) continue;
      this.followInQuotes(message);
      if (message.seq <= this.last) {
        this.replace(message);
      } else if (message.seq === this.last + 1) {
        this.rev = Math.min(this.rev, rev);
        this.setAside(message);
      }
    }
  }

  /** Take a new message from a push or an ack: as it was stored, whatever has become of it since. */
  add(message) {
    this.head = Math.max(this.head, message.seq);
    if (!this.loaded) return;
    this.followInQuotes(message);
    if (message.seq <= this.last) this.replace(message);
    // A stretch further back goes on with pages alone: a push may be older than its `rev`.
    else if (this.following && message.seq > this.unknownTo) this.setAside(message);
  }

  /** Take a message that has changed, as it is now. */
  change(message) {
    this.head = Math.max(this.head, message.seq);
    if (!this.loaded) return;
    this.followInQuotes(message);
    if (message.seq <= this.last) this.replace(message);
    else if (this.following && this.hasSpaceFor(message)) this.setAside(message);
    else this.unknownTo = Math.max(this.unknownTo, message.seq);
  }

  /** Bring the quotes of a message whose text has changed up to date. */
  followInQuotes(original) {
    if (!original.edited_at && !original.deleted_at) return;
    const follow = (message) => (message.reply_to?.seq === original.seq ? quoting(message, original) : message);
    this.messages = this.messages.map(follow);
    for (const [at, message] of this.ahead) this.ahead.set(at, follow(message));
  }

  /** Let a message quote what is held of its original: it may come from before that changed. */
  withQuoteUp(message) {
    const original = message.reply_to && this.at(message.reply_to.seq);
    return original ? quoting(message, original) : message;
  }

  bringQuotesUp() {
    this.messages = this.messages.map((message) => this.withQuoteUp(message));
  }

  /** Let a held message look as `change(message)` makes it, for as long as its version lasts. */
  patch(seq, change) {
    const index = seq - this.first;
    if (this.messages[index]) this.messages[index] = change(this.messages[index]);
  }

  hasSpaceFor({ seq }) {
    return seq === this.last + 1 || this.ahead.has(seq) || this.ahead.size < MOST_ASIDE;
  }

  /** Hear that all changes after a rev, up to another one, have been taken. */
  takeRevs(afterRev, lastRev) {
    this.hearRev(Math.max(afterRev, lastRev));
    if (this.loaded && afterRev <= this.rev) this.rev = Math.max(this.rev, lastRev);
  }

  /** Hear that there are changes up to this one. */
  hearRev(rev) {
    this.lastRev = Math.max(this.lastRev, rev);
  }

  setAside(message) {
    this.ahead.set(message.seq, newest(this.ahead.get(message.seq), message));
    this.settle();
  }

  replace(message) {
    const index = message.seq - this.first;
    const held = this.messages[index];
    if (held?.id === message.id) this.messages[index] = this.withQuoteUp(newerOf(held, message));
  }

  /** Join what was set aside and now fits. */
  settle() {
    for (let next; (next = this.ahead.get(this.last + 1)); ) {
      this.messages.push(this.withQuoteUp(next));
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

/** The newer copy of a message; of another past only what is given counts. */
function newest(known, given) {
  return known?.id === given.id ? newerOf(known, given) : given;
}

/** A reply with the quote that its original makes now; that of a newer copy stays. */
function quoting(reply, { version = 0, data, files = [], deleted_at: deletedAt }) {
  const quote = reply.reply_to;
  if ((quote.version ?? 0) >= version) return reply;
  const text = beginning(data, QUOTED);
  return { ...reply, reply_to: { ...quote, version, data: text, files, deleted: Boolean(deletedAt) } };
}
