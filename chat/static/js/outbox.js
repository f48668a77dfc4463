// What has been written and is not stored yet. It outlives a reload, and is sent until answered.

import { backoff } from "./backoff.js";
import { OutboxFiles, isReady, withoutIds } from "./files/outbox_files.js";
import { pointerOf } from "./quoted.js";

const TRIES = 3; // answers that leave the outcome open, before a person is asked
const ABANDONED_MS = 30_000; // another tab's record that still waits: that tab may be closed
const SETTLED = 100; // client_ids of messages that came lately

/**
 * A record is `{client_id, room_id, kind, user_id, data, files, reply_to, created_at, state, error}`
 * with state "pending" or "failed"; a pending one with an error is sent once the server takes more.
 * One for a room that is still provisional has also its other member, `peer`. `reply_to` is `{id, seq,
 * user_id}` of the message it answers, or null. `files` are `[{key, name, type, size, width, height,
 * blob, id}]`, where `id` is null until the server has it. Per room one record is on its way at a time,
 * so that they keep their order; one with files not before the server has these.
 *
 * `keeper` keeps records over a reload (see createKeeper); `emit(kind, event, payload)` resolves to
 * an ack, throws when none came; `online()` tells whether emitting makes sense; `lock(name, task)`
 * keeps other tabs out; `stored(message)` gets what was stored and may resolve later;
 * `changed(roomId)` is called when a room's records changed; `wait(ms)` resolves later;
 * `find(roomId, seq)` resolves to a message or null; `files` is for OutboxFiles, `notKept()` is called
 * when the browser has no space for files that wait.
 */
export class Outbox {
  constructor({ userId, keeper, emit, online, lock, stored, changed, wait, find, makeId, files, notKept = () => {}, now = Date.now }) {
    Object.assign(this, { userId, keeper, emit, online, lock, stored, changed, wait, find, makeId, notKept, now });
    this.files = new OutboxFiles({ outbox: this, ...files });
    this.records = new Map();
    this.tight = new Set(); // ids of records whose files the keeper has no space for
    this.kept = new Set(); // ids of records that the keeper has
    this.settled = new Set();
    this.begun = new Map(); // provisional room id -> id
    this.sending = new Map(); // room id -> promise
    this.newest = 0;
  }

  /** Take over what an earlier page, or another tab, has left. */
  async load() {
    for (const record of await this.keeper.all()) {
      this.records.set(record.client_id, record);
      this.kept.add(record.client_id);
    }
  }

  /** Another tab changed a record, or (null) forgot them all. */
  async changedElsewhere(clientId) {
    if (clientId === null) return this.forget([...this.records.keys()]);
    const record = await this.reread(clientId);
    if (record?.state !== "pending") return undefined;
    await this.wait(ABANDONED_MS);
    return this.drain(record.room_id);
  }

  /** Take a kept record as it is now; resolves to it, or to undefined when it is gone or stored. */
  async reread(clientId) {
    const record = await this.keeper.get(clientId).catch(() => this.records.get(clientId));
    if (!record || this.settled.has(clientId)) { // the message may come before word of its record
      this.forget([clientId]);
      return undefined;
    }
    this.records.set(clientId, record);
    this.kept.add(clientId);
    this.changed(record.room_id);
    return record;
  }

  /** Put a record in; resolves when it is kept, or never will be. */
  async save(record) {
    this.records.set(record.client_id, record);
    this.changed(record.room_id);
    const kept = await this.keeper.put(record);
    if (!kept) this.kept.delete(record.client_id);
    else if (this.records.has(record.client_id)) this.kept.add(record.client_id);
    if (!kept && record.files?.length) this.keepText(record);
  }

  /** There is no space for the files: what was written stays all the same. */
  keepText(record) {
    if (!this.tight.has(record.client_id)) this.notKept();
    this.tight.add(record.client_id);
    this.keeper.put({ ...record, files: record.files.map((file) => ({ ...file, blob: null })) });
  }

  /** Change a record for as long as this page is open. */
  patch(clientId, change) {
    const record = this.records.get(clientId);
    if (!record) return;
    this.records.set(clientId, change(record));
    this.changed(record.room_id);
  }

  /** A record as it is now, perhaps by another tab; undefined when it is gone. */
  async current(clientId) {
    if (this.kept.has(clientId)) await this.reread(clientId);
    return this.records.get(clientId);
  }

  remove(clientId) {
    if (!this.records.has(clientId)) return;
    this.forget([clientId]);
    this.keeper.remove(clientId);
  }

  forget(clientIds) {
    for (const clientId of clientIds) {
      const record = this.records.get(clientId);
      this.records.delete(clientId);
      this.kept.delete(clientId);
      if (!record) continue;
      this.files.cancel(record);
      this.changed(record.room_id);
    }
  }

  /** A room's records in the order they were written. */
  list(id) {
    const roomId = this.begun.get(id) ?? id;
    return [...this.records.values()]
      .filter((record) => record.room_id === roomId)
      .sort((a, b) => a.created_at - b.created_at);
  }

  get size() {
    return this.records.size;
  }

  /** Write into a room, perhaps a reply, perhaps with files, and send it soon; resolves when it is kept. */
  add(room, data, replyTo = null, files = []) {
    this.newest = Math.max(this.now(), this.newest + 1); // two of one millisecond keep their order
    const kept = this.save({
      client_id: this.makeId(),
      room_id: room.id,
      kind: room.kind,
      ...(room.provisional && { peer: room.peer }),
      user_id: this.userId,
      data,
      files,
      reply_to: pointerOf(replyTo),
      created_at: this.newest,
      state: "pending",
      error: null,
    });
    this.drain(room.id);
    return kept;
  }

  /** A provisional room has begun, by one of its records or otherwise: the others go to `room`. */
  async begin(provisional, room) {
    const records = this.list(provisional);
    this.begun.set(provisional, room.id);
    for (const { peer, ...record } of records) this.save({ ...record, room_id: room.id });
    await this.sending.get(provisional); // one may be on its way
    this.drain(room.id);
  }

  /** Send a failed record again, under the same client_id: it is stored once at most. */
  retry(clientId) {
    const record = this.records.get(clientId);
    if (!record) return;
    this.save({ ...record, state: "pending", error: null });
    this.drain(record.room_id);
  }

  /** A stored message came in: its record, if any, has done its work. */
  settle(message) {
    if (message.user_id !== this.userId || !message.client_id) return;
    this.settled.add(message.client_id);
    if (this.settled.size > SETTLED) this.settled.delete(this.settled.values().next().value);
    this.remove(message.client_id);
  }

  /** Forget all, at log-out. */
  async clear() {
    this.forget([...this.records.keys()]);
    await this.keeper.clear();
  }

  /** The connection is back. */
  resume() {
    const rooms = new Set([...this.records.values()].map((record) => record.room_id));
    return Promise.all([...rooms].map((roomId) => this.drain(roomId)));
  }

  /** Send a room's pending records one after the other, for as long as there is a connection. */
  drain(roomId) {
    this.files.prepare(roomId);
    if (!this.sending.has(roomId)) this.sending.set(roomId, this.sendAll(roomId));
    return this.sending.get(roomId);
  }

  async sendAll(roomId) {
    const tries = new Map();
    await null; // until drain() has noted it
    try {
      for (;;) {
        const record = this.list(roomId).find((one) => one.state === "pending" && isReady(one, this.now()));
        if (!record || !this.online() || this.begun.has(roomId)) return;
        const tried = tries.get(record.client_id) ?? 0;
        const pause = await this.lock(`chat-outbox-${roomId}`, () => this.attempt(record, tried));
        tries.set(record.client_id, tried + 1);
        if (pause) await this.wait(pause);
      }
    } finally {
      this.sending.delete(roomId);
    }
  }

  /** Whether the message that a record answers has its seq: a database that was restored may have another there. */
  async isThere(roomId, { id, seq }) {
    return (await this.find(roomId, seq))?.id === id;
  }

  /** Send one record; returns how long to wait before going on, in ms. */
  async attempt({ client_id: clientId }, tried) {
    const record = await this.current(clientId);
    if (record?.state !== "pending" || !isReady(record, this.now())) return 0; // another tab was faster
    let ack;
    try {
      const { room_id, peer, data, files = [], reply_to: quote } = record;
      const place = peer ? { to: peer.username } : { room_id };
      const reply = quote && (await this.isThere(room_id, quote)) && { reply_to: quote.seq };
      const sent = files.length && { files: files.map(({ id }) => id) };
      ack = await this.emit(record.kind, "send_message", { ...place, client_id: clientId, data, ...reply, ...sent });
    } catch {
      if (!this.online()) return 0; // pending until the connection is back
      ack = { error: { code: "unavailable" } };
    }
    if (ack.data) {
      await this.stored(ack.data);
      this.settle(ack.data);
      return 0;
    }
    const { code, message = "", retry_after: retryAfter = 1, fields } = ack.error;
    if (code === "validation_error" && fields?.files && !record.anew) {
      await this.save({ ...withoutIds(record), anew: true }); // the server has forgotten them
      this.files.prepare(record.room_id);
      return 0;
    }
    if (code === "unavailable" && tried + 1 < TRIES) return backoff(tried);
    const isLate = code === "rate_limited";
    const state = isLate ? "pending" : "failed";
    if (this.records.has(clientId)) this.save({ ...record, state, error: { code, message } });
    return isLate ? retryAfter * 1000 : 0;
  }
}
