// The files of messages that wait in the outbox: sent one after the other, before their message.
// What has no files does not wait for them.

import { ApiError } from "../answer.js";
import { backoff } from "../backoff.js";

const TRIES = 4;
const FRESH_MS = 23 * 60 * 60 * 1000; // the server forgets after 24 hours what was not sent
const PASSING = ["unavailable", "network", "internal"];

/** Whether the server has all files of a record. */
export function isReady(record, now) {
  return (record.files ?? []).every(({ id, uploaded_at: at }) => id && now - at < FRESH_MS);
}

/** What a record looks like once the server knows none of its files any more. */
export function withoutIds(record) {
  return { ...record, files: record.files.map((file) => ({ ...file, id: null })) };
}

/**
 * Make what prepares the records of an outbox. `uploads` is createUploads(), `begin(peer)` makes the
 * room with somebody, and `uploaded(file, id)` is told what the server has now.
 */
export class OutboxFiles {
  constructor({ outbox, uploads, begin, uploaded }) {
    Object.assign(this, { outbox, uploads, begin, uploaded });
    this.preparing = new Map(); // room id -> promise
  }

  /** Upload what a room's records need; resolves when there is nothing more to do. */
  prepare(roomId) {
    if (!this.preparing.has(roomId)) {
      this.preparing.set(roomId, this.prepareAll(roomId).finally(() => this.preparing.delete(roomId)));
    }
    return this.preparing.get(roomId);
  }

  async prepareAll(roomId) {
    const { outbox } = this;
    const tries = new Map();
    await null; // until prepare() has noted it
    for (;;) {
      const record = outbox.list(roomId).find((one) => one.state === "pending" && !isReady(one, outbox.now()));
      if (!record || !outbox.online() || outbox.begun.has(roomId)) return;
      const id = record.client_id;
      const tried = tries.get(id) ?? 0;
      tries.set(id, tried + 1);
      const pause = await outbox.lock(`chat-upload-${roomId}`, () => this.attempt(id, tried));
      if (pause) await outbox.wait(pause);
    }
  }

  /** Upload the files of one record; returns how long to wait before going on, in ms. */
  async attempt(clientId, tried) {
    const { outbox } = this;
    const record = await outbox.current(clientId);
    if (record?.state !== "pending") return 0;
    try {
      if (record.peer) await this.begin(record.peer); // which moves the record to the room
      else await this.uploadAll(clientId);
      return 0;
    } catch (error) {
      return this.failed(clientId, error, tried);
    }
  }

  async uploadAll(clientId) {
    const { outbox } = this;
    for (;;) {
      const record = outbox.records.get(clientId);
      if (record?.state !== "pending") return; // taken back meanwhile
      const file = record.files.find((one) => !isReady({ files: [one] }, outbox.now()));
      if (!file) {
        await outbox.save(record);
        outbox.drain(record.room_id);
        return;
      }
      if (!file.blob) throw new ApiError({ code: "files_lost" });
      const { id } = await this.uploads.send(record.room_id, file);
      this.uploaded(file, id);
      outbox.patch(clientId, (now) => ({
        ...now,
        files: now.files.map((one) => (one.key === file.key ? { ...one, id, uploaded_at: outbox.now() } : one)),
      }));
    }
  }

  failed(clientId, error, tried) {
    const { outbox } = this;
    const { code = "internal", message = "", fields, retryAfter } = error;
    const record = outbox.records.get(clientId);
    if (!record || code === "cancelled") return 0;
    if (PASSING.includes(code) && !outbox.online()) return 0; // pending until the connection is back
    if (PASSING.includes(code) && tried + 1 < TRIES) return backoff(tried);
    const isLate = code === "rate_limited";
    const [said = code === message ? "" : message] = Object.values(fields ?? {}).flat();
    outbox.save({ ...record, state: isLate ? "pending" : "failed", error: { code: `file_${code}`, message: said } });
    return isLate ? (retryAfter || 1) * 1000 : 0;
  }

  /** Take one file out of a record; without its last one, and without a text, the record goes too. */
  dropFile(clientId, key) {
    const { outbox } = this;
    const record = outbox.records.get(clientId);
    if (!record) return;
    const files = record.files.filter((file) => file.key !== key);
    if (!files.length && !record.data.trim()) {
      outbox.remove(clientId);
      return;
    }
    this.uploads.cancel(key);
    outbox.save({ ...record, files });
    outbox.drain(record.room_id);
  }

  cancel(record) {
    for (const { key } of record.files ?? []) this.uploads.cancel(key);
  }
}
