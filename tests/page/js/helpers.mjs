// What several tests need: messages, rooms, a storage and locks as a browser has them.

/** Make a message of a room's log. */
export function message(seq, more = {}) {
  return {
    id: `m${seq}`,
    room_id: "r1",
    user_id: "u1",
    username: "ann",
    seq,
    client_id: `c${seq}`,
    kind: "text",
    data: `text ${seq}`,
    created_at: 1_700_000_000_000 + seq * 1000,
    updated_at: 1_700_000_000_000 + seq * 1000,
    ...more,
  };
}

/** Make the messages `from` … `to`. */
export function messages(from, to) {
  return Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
}

/** Make a group as an answer to its member tells it. */
export function group(id, more = {}) {
  return {
    id,
    number: "123456789",
    kind: "group",
    name: "Group",
    info: "",
    owner_id: "u1",
    last_seq: 0,
    last_message: null,
    created_at: 1,
    updated_at: 1,
    last_read_seq: 0,
    unread: 0,
    muted: false,
    ...more,
  };
}

/** A storage like localStorage, its items enumerable as own keys. */
export function createStorage(items = {}) {
  const storage = Object.create({
    getItem(key) {
      return Object.hasOwn(this, key) ? this[key] : null;
    },
    setItem(key, value) {
      this[key] = String(value);
    },
    removeItem(key) {
      delete this[key];
    },
  });
  return Object.assign(storage, items);
}

/** Locks like navigator.locks: one holder of a name at a time, in order. */
export function createLocks() {
  const tails = new Map();
  return {
    request(name, task) {
      const result = (tails.get(name) ?? Promise.resolve()).then(task);
      tails.set(name, result.catch(() => {}));
      return result;
    },
  };
}

/** What tabs of one browser keep together, told to each other: `open(onChange)` is for one tab. */
export function createKeepers() {
  const records = new Map();
  const tabs = new Set();
  const open = (onChange) => {
    const tell = (clientId) => {
      for (const other of tabs) if (other !== onChange) queueMicrotask(() => other(clientId));
      return true;
    };
    tabs.add(onChange);
    return {
      all: async () => [...records.values()].map((record) => structuredClone(record)),
      get: async (clientId) => structuredClone(records.get(clientId)),
      async put(record) {
        records.set(record.client_id, structuredClone(record));
        return tell(record.client_id);
      },
      async remove(clientId) {
        records.delete(clientId);
        return tell(clientId);
      },
      async clear() {
        records.clear();
        return tell(null);
      },
    };
  };
  return { records, open };
}

/** A promise with its handles outside. */
export function deferred() {
  const handles = {};
  handles.promise = new Promise((resolve, reject) => Object.assign(handles, { resolve, reject }));
  return handles;
}

/** Timers that run when told to: `next()` is the nearest delay in ms or null, `run()` lets it pass. */
export function createTimers() {
  const waiting = new Map();
  let count = 0;
  const nearest = () => [...waiting.values()].sort((a, b) => a.ms - b.ms)[0] ?? null;
  return {
    setTimeout(task, ms) {
      waiting.set(++count, { id: count, task, ms });
      return count;
    },
    clearTimeout: (id) => waiting.delete(id),
    next: () => nearest()?.ms ?? null,
    async run() {
      const { id, task } = nearest();
      waiting.delete(id);
      task();
      await new Promise(setImmediate);
    },
  };
}

/** How long this process has run since then, in milliseconds, without what it waited for. */
export function processorMs(begun) {
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000;
}

const SAMPLE_MS = 4; // of one measurement: shorter ones are noise
const TRIES = 5;

/** How much longer a task takes with a text than with its first and last eighth, each at its best. */
export function growth(task, text) {
  const part = text.length / 8;
  const best = [text.slice(0, part) + text.slice(-part), text].map((input) =>
    Math.min(...Array.from({ length: TRIES }, () => msEach(() => task(input)))),
  );
  return best[1] / best[0];
}

function msEach(task) {
  const begun = process.cpuUsage();
  let [count, took] = [0, 0];
  while (took < SAMPLE_MS) {
    task();
    count += 1;
    took = processorMs(begun);
  }
  return took / count;
}
