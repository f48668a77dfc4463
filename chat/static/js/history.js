// Loading pages of messages into timelines: newest first, older and newer as one scrolls.

import { unreadIn } from "./attention.js";

const PAGE = 50;
const CHANGES = 100; // as many as one answer has
const READ_ABOVE = 10; // messages shown above the first unread one

/**
 * Load messages; one request per room and direction at a time. `settle(message)` sees each one,
 * `reload(roomId)` starts a room over whose changes the server cannot tell.
 */
export function createHistory({ store, api, settle, reload }) {
  const running = new Map();

  function once(key, task) {
    if (!running.has(key)) running.set(key, task().finally(() => running.delete(key)));
    return running.get(key);
  }

  async function page(roomId, query) {
    const answer = await api.get(`/rooms/${roomId}/messages?limit=${PAGE}${query}`);
    answer.messages.forEach(settle);
    store.hearOf(roomId, answer.messages); // no push may have told of them
    return answer;
  }

  function changed(roomId) {
    store.notify("rooms", `timeline:${roomId}`);
  }

  /** Load the newest page, or for someone who missed more than a page the first unread messages. */
  function open(roomId) {
    return once(`${roomId}:open`, async () => {
      const timeline = store.timeline(roomId);
      const room = store.rooms.get(roomId);
      const unread = unreadIn(room);
      const middle = unread > PAGE - READ_ABOVE && room.last_read_seq > 0;
      const above = Math.max(0, room.last_read_seq - READ_ABOVE);
      const { messages, last_rev: rev } = await page(roomId, middle ? `&after_seq=${above}` : "");
      const last = messages[messages.length - 1]?.seq ?? 0;
      timeline.load(messages, { hasNewer: middle && last < room.last_seq, rev });
      changed(roomId);
    });
  }

  /** Load the page around one message; where there is no such message, what `open` loads. */
  function around(roomId, seq) {
    return once(`${roomId}:around:${seq}`, async () => {
      const after = Math.max(0, seq - 1 - PAGE / 2);
      const { messages, has_more: hasNewer, last_rev: rev } = await page(roomId, `&after_seq=${after}`);
      if (messages.some((message) => message.seq === seq)) {
        store.timeline(roomId).load(messages, { hasNewer, rev });
        changed(roomId);
        return true;
      }
      return false;
    }).then((found) => (found === false ? open(roomId) : undefined));
  }

  /** Start over at the newest page. */
  function newest(roomId) {
    return once(`${roomId}:open`, async () => {
      const { messages, last_rev: rev } = await page(roomId, "");
      store.timeline(roomId).load(messages, { rev });
      changed(roomId);
    });
  }

  function older(roomId) {
    return once(`${roomId}:older`, async () => {
      const timeline = store.timeline(roomId);
      if (!timeline.hasOlder) return;
      const { messages, last_rev: rev } = await page(roomId, `&before_seq=${timeline.first}`);
      timeline.prepend(messages, rev);
      changed(roomId);
    });
  }

  function newer(roomId) {
    return once(`${roomId}:newer`, async () => {
      const timeline = store.timeline(roomId);
      if (!timeline.hasNewer) return;
      const { messages, last_rev: rev } = await page(roomId, `&after_seq=${timeline.last}`);
      timeline.extend(messages, rev);
      changed(roomId);
    });
  }

  /**
   * Fetch whatever is newer than what is held, messages and changes; of a room that is not held up
   * to its end, learn from the room itself how much there is.
   */
  function refresh(roomId) {
    return once(`${roomId}:refresh`, async () => {
      const held = () => store.timelines.get(roomId);
      if (held()?.following) await fill(roomId, held);
      else store.putRoom(await api.get(`/rooms/${roomId}`));
      await followChanges(roomId, held);
    });
  }

  async function fill(roomId, held) {
    for (let last = -1; held()?.following && held().last > last; ) {
      last = held().last;
      const { messages, has_more: more, last_rev: rev } = await page(roomId, `&after_seq=${last}`);
      store.putPage(roomId, messages, rev);
      if (!more) return;
    }
  }

  async function followChanges(roomId, held) {
    for (let rev = -1; held()?.isBehind && held().rev > rev; ) {
      rev = held().rev;
      const query = `after_rev=${rev}&limit=${CHANGES}`;
      const changes = await api.get(`/rooms/${roomId}/changes?${query}`);
      if (changes.reset) {
        await reload(roomId);
        return;
      }
      changes.messages.forEach(settle);
      store.putChanges({ room_id: roomId, ...changes });
    }
  }

  return { open, around, newest, older, newer, refresh };
}
