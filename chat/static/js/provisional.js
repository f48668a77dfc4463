// Rooms of two that begin with their first message. Until then they have an id of the page's own.

/** A map by room id that also takes the provisional id which a room had before its first message. */
export class RoomMap extends Map {
  constructor(aliases) {
    super();
    this.aliases = aliases;
  }

  get(id) {
    return super.get(this.aliases.get(id) ?? id);
  }

  has(id) {
    return super.has(this.aliases.get(id) ?? id);
  }

  set(id, value) {
    return super.set(this.aliases.get(id) ?? id, value);
  }

  delete(id) {
    return super.delete(this.aliases.get(id) ?? id);
  }
}

const PREFIX = "new:";

/** The id of the room with somebody before the first message: the server knows none yet. */
export function provisionalId(username) {
  return PREFIX + username.toLowerCase();
}

/** Whether an id is that of a room before its first message. */
export function isProvisional(id) {
  return id.startsWith(PREFIX);
}

/** Make the room with somebody as it is before the first message. */
export function provisionalRoom(user, { blocked, at }) {
  return {
    id: provisionalId(user.username),
    kind: "direct",
    provisional: true,
    number: null,
    name: null,
    info: "",
    owner_id: null,
    posting: "members",
    peer: user,
    blocked,
    notify: "all",
    muted: false,
    hidden: false,
    pinned: false,
    last_seq: 0,
    last_read_seq: 0,
    last_mention_seq: 0,
    last_message: null,
    created_at: at,
  };
}
