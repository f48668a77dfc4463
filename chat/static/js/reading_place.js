// Where somebody was reading in each room, so that coming back leads there again. In memory alone.

const places = new Map(); // room id -> {seq, offset}

/** Keep the first visible message and how far its lower edge is below the list's top; null: the end. */
export function keepPlace(roomId, place) {
  if (place) places.set(roomId, place);
  else places.delete(roomId);
}

/** The place that was kept of a room, or null. */
export function keptPlace(roomId) {
  return places.get(roomId) ?? null;
}
