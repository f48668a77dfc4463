// Finds what no push told of. Pushes may get lost: in the middle of a burst the next one shows the
// gap, but behind its last one nothing comes. So after every push the room is asked again, soon and
// then ever less often, until the regular sync takes over.

const LATE_MS = 400; // a push may come a moment after its successor
const FIRST_MS = 4_000;
const LONGEST_MS = 5 * 60_000;

/**
 * `refresh(roomId)` fetches what is new in a room; `online()` tells whether asking makes sense: what
 * is missed without a connection is the next one's to catch up on.
 */
export function createProbe({ store, refresh, online, timers = globalThis, random = Math.random }) {
  const plans = new Map(); // room id -> {timer, filling}, also while asking

  function plan(roomId, delay, filling) {
    timers.clearTimeout(plans.get(roomId)?.timer);
    plans.delete(roomId);
    if (delay > LONGEST_MS) return;
    const mine = { filling };
    const spread = delay * (0.75 + random() / 4); // all members heard the same push
    mine.timer = timers.setTimeout(() => ask(roomId, delay, mine), spread);
    plans.set(roomId, mine);
  }

  function hasGap(roomId) {
    const timeline = store.timelines.get(roomId);
    return Boolean(timeline?.hasGap || timeline?.isBehind);
  }

  function extent(roomId) {
    const { last = 0, rev = 0 } = store.timelines.get(roomId) ?? {};
    const { last_seq: seq = 0, last_message: preview } = store.rooms.get(roomId) ?? {};
    return last + rev + seq + (preview?.version ?? 0); // grows with each
  }

  async function ask(roomId, delay, mine) {
    if (!online() || !store.rooms.has(roomId)) {
      plans.delete(roomId);
      return;
    }
    const before = extent(roomId);
    try {
      await refresh(roomId);
    } catch (error) {
      if (error.code === "not_found") store.dropRoom(roomId); // anything else: asked again below
    }
    if (plans.get(roomId) !== mine) return; // heard of meanwhile
    const filling = hasGap(roomId);
    if (extent(roomId) > before) plan(roomId, filling ? LATE_MS : FIRST_MS, filling);
    else plan(roomId, Math.max(FIRST_MS, delay * 2), filling);
  }

  /** Something of a room has come in, or a gap in it has shown. */
  return function heard(roomId) {
    if (!hasGap(roomId)) plan(roomId, FIRST_MS, false);
    else if (!plans.get(roomId)?.filling) plan(roomId, LATE_MS, true); // else pushes would put it off
  };
}
