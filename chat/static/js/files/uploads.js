// The uploads of this page: two at a time, with their progress.

import { createTurns } from "./turns.js";

const AT_ONCE = 2;

/**
 * Make what sends files; `upload(path, blob, {onProgress, signal})` resolves to the server's answer.
 * Returns `{send(roomId, file), cancel(key), progressOf(key), subscribe(listener)}`.
 */
export function createUploads(upload) {
  const turns = createTurns(AT_ONCE);
  const running = new Map(); // key -> {stop, progress}
  const listeners = new Set();

  function tell(key, progress) {
    for (const listener of listeners) listener(key, progress);
  }

  return {
    /** Send one file, `{key, name, blob}`, into a room; resolves to the file as the server has it. */
    async send(roomId, { key, name, blob }) {
      const stop = new AbortController();
      const own = { stop, progress: 0 };
      running.set(key, own);
      try {
        return await turns.take(() =>
          upload(`/rooms/${roomId}/files?name=${encodeURIComponent(name)}`, blob, {
            signal: stop.signal,
            onProgress(progress) {
              own.progress = progress;
              tell(key, progress);
            },
          }),
        );
      } finally {
        if (running.get(key) === own) running.delete(key);
      }
    },

    cancel: (key) => running.get(key)?.stop.abort(),

    /** How much of a file is there, from 0 to 1. */
    progressOf: (key) => running.get(key)?.progress ?? 0,

    /** Be told `(key, progress)`; returns what ends that. */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
