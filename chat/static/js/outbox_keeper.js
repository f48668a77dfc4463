// Where the outbox outlives a reload: IndexedDB, one store for all who use this browser.

const NAME = "chat";
const STORE = "outbox";
const PATIENCE_MS = 2_000; // some browsers never answer instead of refusing
const PATIENCE_A_BYTE = 1 / 2_000; // ms, for files on a slow disk

/**
 * Keep one user's records. Where the browser keeps nothing (blocked storage, a full disk, some
 * private windows) every call resolves all the same and says so: the outbox then lives as long as
 * its tab. `onChange(clientId)` is told what other tabs of the user change.
 */
export function createKeeper(userId, onChange) {
  const channel = openChannel(`chat.outbox.${userId}`);
  if (channel) channel.onmessage = ({ data }) => onChange(data);
  const database = patient(open()).catch(() => null);

  /** Do something with the store; resolves to the request's result once the disk has it. */
  async function run(mode, task, bytes = 0) {
    const opened = await database;
    if (!opened) throw new Error("nothing is kept here");
    const transaction = opened.transaction(STORE, mode);
    const request = task(transaction.objectStore(STORE));
    return patient(
      new Promise((resolve, reject) => {
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => reject(transaction.error);
      }),
      PATIENCE_MS + bytes * PATIENCE_A_BYTE,
    );
  }

  /** Change something and let the other tabs know; resolves to whether that was kept. */
  async function change(clientId, task, bytes) {
    try {
      await run("readwrite", task, bytes);
    } catch {
      return false;
    }
    channel?.postMessage(clientId);
    return true;
  }

  return {
    /** All records, or none when they cannot be read. */
    all: () => run("readonly", (store) => store.getAll(ofUser(userId))).catch(() => []),

    /** A record as it is now, undefined when it is gone; rejects when that cannot be told. */
    get: (clientId) => run("readonly", (store) => store.get([userId, clientId])),

    put: (record) => change(record.client_id, (store) => store.put(record), bytesOf(record)),

    remove: (clientId) => change(clientId, (store) => store.delete([userId, clientId])),

    clear: () => change(null, (store) => store.delete(ofUser(userId))),

    /** Whether the browser keeps anything at all. */
    works: async () => (await database) !== null,
  };
}

function bytesOf({ files = [] }) {
  return files.reduce((sum, { blob }) => sum + (blob?.size ?? 0), 0);
}

function ofUser(userId) {
  return IDBKeyRange.bound([userId], [userId, []]); // arrays sort behind all strings
}

function openChannel(name) {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null; // an old browser, or blocked with the storage: other tabs hear nothing
  }
}

async function open() {
  const request = indexedDB.open(NAME, 1); // throws where storage is blocked
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE, { keyPath: ["user_id", "client_id"] });
  };
  const database = await new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  database.onversionchange = () => database.close(); // stand in no later version's way
  return database;
}

function patient(promise, ms = PATIENCE_MS) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("storage does not answer")), ms);
  });
  return Promise.race([promise, late]);
}
