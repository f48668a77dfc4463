// Notifications while no page is open: the browser's push service wakes the service worker. A subscription
// is of one session and ends with it; what a person chose here outlives that and makes the next one.

import { forgetPush, keepPush, readPush } from "./storage.js";

const TIDY_MS = 1_000;

const registered = () => navigator.serviceWorker?.getRegistration() ?? Promise.resolve(undefined);

function encoded(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** The push subscription of this browser for the server's key, made if there is none. */
async function subscriptionFor(key, manager) {
  const found = await manager.getSubscription();
  if (found && encoded(found.options.applicationServerKey) === key) return found;
  await found?.unsubscribe(); // of a database from before
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/**
 * Make what keeps the subscription of a user on this browser. `open(roomId, seq)` is called when
 * somebody clicks a notification.
 */
export function createPush({ userId, api, open, timers = globalThis }) {
  let tidying = null;

  /** The registration of the worker if this browser takes pushes, else undefined. */
  async function worker() {
    const found = await registered();
    return found?.pushManager && found;
  }

  /** Tell the server of the subscription. */
  async function subscribe({ text }) {
    const { key } = await api.get("/push/key");
    const { pushManager } = await worker();
    const { endpoint, keys } = (await subscriptionFor(key, pushManager)).toJSON();
    await api.put("/session/push", { endpoint, keys, text });
    keepPush(userId, { text });
  }

  async function unsubscribe() {
    const found = await worker();
    const subscription = await found?.pushManager.getSubscription();
    await subscription?.unsubscribe();
  }

  navigator.serviceWorker?.addEventListener("message", ({ data }) => {
    if (data.type === "message_opened") open(data.room_id, data.seq);
    if (data.type === "subscription_changed") push.start();
  });

  const push = {
    /** Whether this browser takes pushes at all. */
    isPossible: async () => Boolean(await worker()),

    /** What was chosen here: null for none, else `{text}`, whether they show what was written. */
    chosen: () => readPush(userId),

    /** Take pushes from now on, or others than before; call it on a click only. Throws ApiError, and what the browser throws. */
    turnOn: ({ text = false } = {}) => subscribe({ text }),

    /** Take none any more. Throws ApiError. */
    async turnOff() {
      forgetPush(userId);
      await unsubscribe();
      await api.delete("/session/push");
    },

    /** Renew the subscription for this session; one of another user of this browser ends. */
    async start() {
      const chosen = push.chosen();
      try {
        if (!chosen || Notification.permission !== "granted") await unsubscribe();
        else if (await worker()) await subscribe(chosen);
      } catch {
        // no connection, or the browser's service is not to be reached: the next start tries again
      }
    },

    /** Leave nothing behind at the end of the session. */
    end: () => unsubscribe().catch(() => {}), // the server has forgotten it by now

    /** The registration that shows notifications in place of the page, or null: pages cannot replace those of a worker. */
    shower: async () => (push.chosen() && (await worker())) || null,

    /** Close what is shown of a room, or of all rooms where `isOver(roomId, seq)`. */
    async close(isOver) {
      const found = await worker();
      for (const shown of (await found?.getNotifications()) ?? []) {
        if (shown.data?.room_id && isOver(shown.data.room_id, shown.data.seq)) shown.close();
      }
    },

    /** The same, once for many calls at a time. */
    closeSoon(isOver) {
      if (!push.chosen()) return;
      tidying ??= timers.setTimeout(() => {
        tidying = null;
        push.close(isOver);
      }, TIDY_MS);
    },
  };
  return push;
}
