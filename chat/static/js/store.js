// What the page knows. Events are applied here and nowhere else; views are told what changed.

import { namesUser } from "./attention.js";
import { applyEvent } from "./events.js";
import { t } from "./i18n.js";
import { pinsAfter } from "./pinned.js";
import { RoomMap, provisionalId, provisionalRoom } from "./provisional.js";
import { Timeline } from "./timeline.js";
import { isLater, withReaction } from "./versions.js";

const SHOWN = ["username", "nickname", "avatar"]; // of a user, beside messages
const UNHEARD = "…"; // for a name that nothing has told yet

/** What a person is called; also the sender of a message, by the names it carries. */
export function nameOf(user) {
  return user?.nickname || user?.username || "";
}

export class Store {
  constructor({ now = Date.now, onUnknownRoom = () => {}, onBegun = () => {}, onGone = () => {} } = {}) {
    this.now = now;
    this.onUnknownRoom = onUnknownRoom; // a room that must be fetched to be shown
    this.onGone = onGone; // told the id of a room that is no longer one's own
    this.onBegun = onBegun; // told the id of a provisional room and the real one in its place
    this.me = null;
    this.aliases = new Map(); // provisional id -> id
    this.rooms = new RoomMap(this.aliases);
    this.users = new Map();
    this.peopleRev = 0; // counts changes of names and pictures, so that rows know when to be drawn again
    this.gone = new Set(); // ids of users whose account was deleted meanwhile
    this.members = new Map(); // room id -> list, once asked for
    this.readMarks = new Map(); // room id -> Map of user id -> seq, of the others, as far as known
    this.requests = new Map(); // by id: to join groups, waiting for an answer
    this.blocks = new Set(); // ids of those whom one has blocked, once asked for
    this.timelines = new RoomMap(this.aliases);
    this.pins = new RoomMap(this.aliases); // room id -> its pinned messages, the last one first, once asked for
    this.wishes = new Set(); // reactions on their way to the server: {roomId, seq, emoji, on}
    this.typing = new RoomMap(this.aliases); // room id -> Map of user id -> until when
    this.connection = { phase: "connecting", retryAt: null, attempt: 0 };
    this.listeners = new Set();
    this.copyListeners = new Set();
  }

  /** Call `listener(key)` on changes: "rooms", "me", "connection", "room:<id>", "timeline:<id>", … */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Call `listener(messages)` with copies of messages that have changed, also of rooms that are not held. */
  followCopies(listener) {
    this.copyListeners.add(listener);
    return () => this.copyListeners.delete(listener);
  }

  notify(...keys) {
    for (const key of keys) for (const listener of [...this.listeners]) listener(key);
  }

  setMe(user) {
    this.me = user;
    this.keepUser(user);
    this.notify("me");
  }

  keepUser(user) {
    const known = this.users.get(user.id);
    const kept = { ...known, ...user, online: user.online ?? known?.online };
    this.users.set(user.id, kept);
    if (SHOWN.some((name) => kept[name] !== known?.[name])) this.peopleRev += 1;
  }

  /** Take what a message says its sender is called: it was looked up as the message was read. */
  hearName(message) {
    const known = this.users.get(message.user_id);
    const name = nameOf(message);
    if (!known || !name || nameOf(known) === name) return;
    known.nickname = name;
    this.peopleRev += 1;
    this.notify("rooms", ...[...this.rooms.keys()].flatMap((id) => [`members:${id}`, `timeline:${id}`]));
  }

  /** Forget the lists of members: people came, went and were renamed while nobody told us. */
  forgetMembers() {
    const known = [...this.members.keys()];
    this.members.clear();
    this.notify(...known.map((id) => `roles:${id}`)); // the one on the screen is loaded anew
  }

  setConnection(state) {
    this.connection = state;
    this.notify("connection");
  }

  /** The present id of a room. */
  idOf(id) {
    return this.aliases.get(id) ?? id;
  }

  timeline(roomId) {
    if (!this.timelines.has(roomId)) {
      this.timelines.set(roomId, new Timeline(this.rooms.get(roomId)?.last_seq ?? 0));
    }
    return this.timelines.get(roomId);
  }

  /** Rooms, pinned ones first, then those of the newest activity. */
  roomList() {
    const pinned = (room) => Number(Boolean(room.pinned));
    const activity = (room) => room.last_message?.created_at ?? room.created_at;
    const byId = (a, b) => (a.id < b.id ? 1 : -1); // as the server orders what is equally new
    return [...this.rooms.values()]
      .filter((room) => !room.provisional || room.unsent)
      .sort((a, b) => pinned(b) - pinned(a) || activity(b) - activity(a) || byId(a, b));
  }

  /** Those of the list that are not hidden, and the open one. */
  shownRooms(openId) {
    return this.roomList().filter((room) => !room.hidden || room.id === openId);
  }

  /** The room with one other person, perhaps one that the server does not know yet. */
  directRoomWith(userId) {
    return [...this.rooms.values()].find(({ peer }) => peer?.id === userId);
  }

  titleOf(room) {
    if (room.kind === "group") return room.name;
    return nameOf(this.users.get(room.peer?.id) ?? room.peer) || t("nobody");
  }

  /** Who the picture of a room shows: the other one of a direct room, else the room itself. */
  faceOf(room) {
    return this.users.get(room.peer?.id) ?? { id: room.id, avatar: room.avatar };
  }

  /**
   * What the sender of a message is called. A message names nobody where the account was deleted; a
   * pointer to one has no names at all.
   */
  authorOf(message) {
    if (this.gone.has(message.user_id)) return t("nobody");
    const name = nameOf(this.users.get(message.user_id)) || nameOf(message);
    return name || (message.username === undefined ? UNHEARD : t("nobody"));
  }

  /**
   * Take a room as told by an answer or a push. Pushes carry neither marks nor peer, and an answer
   * may be older than a push that overtook it: marks and heads only ever go up.
   */
  putRoom(room) {
    const known = this.rooms.get(room.id);
    const merged = { last_read_seq: 0, muted: false, hidden: false, ...known, ...room };
    if (room.last_seq < known?.last_seq) merged.hidden = known.hidden; // something was said since
    merged.last_seq = Math.max(known?.last_seq ?? 0, room.last_seq ?? 0);
    merged.last_read_seq = Math.max(known?.last_read_seq ?? 0, room.last_read_seq ?? 0);
    merged.last_mention_seq = Math.max(known?.last_mention_seq ?? 0, room.last_mention_seq ?? 0);
    if (known?.last_message && (!room.last_message || isLater(known.last_message, room.last_message))) {
      merged.last_message = known.last_message;
    }
    if (known && known.number !== merged.number) {
      merged.former_numbers = [...(known.former_numbers ?? []), known.number];
    }
    if (room.peer) this.keepUser(room.peer);
    this.rooms.set(room.id, merged);
    if (room.peer && !known?.peer) this.takeOver(provisionalId(room.peer.username), room.id);
    for (const request of this.requests.values()) {
      if (request.room.id === room.id) this.requests.delete(request.id);
    }
    const timeline = this.timelines.get(room.id);
    this.notify("rooms", `room:${room.id}`);
    if (timeline) {
      const grows = timeline.head < merged.last_seq;
      timeline.head = Math.max(timeline.head, merged.last_seq);
      timeline.hearRev(room.last_rev ?? 0);
      if (grows || timeline.isBehind) this.notify(`timeline:${room.id}`);
    }
    return merged;
  }

  /**
   * Note a room with somebody that the server does not know yet: it begins with the first message.
   * Nothing is missing of it, so its timeline is complete and empty.
   */
  putProvisional(user) {
    this.keepUser(user);
    const id = provisionalId(user.username);
    if (this.rooms.has(id)) return this.rooms.get(id);
    const room = provisionalRoom(user, { blocked: this.blocks.has(user.id), at: this.now() });
    this.rooms.set(id, room);
    this.timeline(id).load([], { rev: 0 });
    this.pins.set(id, []);
    this.notify("rooms");
    return room;
  }

  /** The room that was provisional has begun: what is open of it goes on as the real one. */
  takeOver(provisional, roomId) {
    if (!this.rooms.get(provisional)?.provisional) return;
    const timeline = this.timelines.get(provisional);
    for (const map of [this.rooms, this.timelines, this.pins, this.typing]) map.delete(provisional);
    this.aliases.set(provisional, roomId);
    if (!this.timelines.has(roomId)) this.timelines.set(roomId, timeline);
    this.onBegun(provisional, this.rooms.get(roomId));
  }

  /** Note whether messages for a provisional room wait to be sent: then it is in the list. */
  setUnsent(roomId, unsent) {
    const room = this.rooms.get(roomId);
    if (!room?.provisional || Boolean(room.unsent) === unsent) return;
    room.unsent = unsent;
    this.notify("rooms");
  }

  /** The ids of all rooms that the server knows. */
  knownIds() {
    return [...this.rooms.values()].filter((room) => !room.provisional).map((room) => room.id);
  }

  /** Take the whole list; rooms of `asked` (known when it was asked for) that it lacks are gone. */
  putRooms(list, asked) {
    const present = new Set(list.map((room) => room.id));
    for (const room of list) this.putRoom(room);
    for (const id of asked) if (!present.has(id)) this.dropRoom(id);
  }

  /** Take all membership requests that wait for an answer. */
  putRequests(list) {
    this.requests = new Map(list.map((request) => [request.id, request]));
    this.notify("rooms");
  }

  dropRequest(id) {
    if (this.requests.delete(id)) this.notify("rooms");
  }

  /** Take the list of those whom one has blocked. */
  putBlocks(users) {
    this.blocks = new Set(users.map(({ id }) => id));
    this.notify("blocks");
  }

  /** Note that one has blocked somebody, or no longer does. */
  setBlocked(userId, blocked) {
    if (blocked) this.blocks.add(userId);
    else this.blocks.delete(userId);
    this.notify("blocks");
    const room = this.directRoomWith(userId);
    if (room) this.putRoom({ ...room, blocked });
  }

  /** Forget what was said in a room and how far one has read: its log is another one now. */
  forgetLog(roomId) {
    const room = this.rooms.get(roomId);
    if (room) Object.assign(room, { last_seq: 0, last_read_seq: 0, last_mention_seq: 0, last_message: null });
    this.readMarks.delete(roomId);
    this.timelines.get(roomId)?.clear(0);
    this.pins.delete(roomId);
  }

  /** Forget what may differ in another past: all logs and marks, who is where, whose account is gone. */
  forgetPast() {
    for (const id of this.knownIds()) this.forgetLog(id);
    this.members.clear();
    this.users.clear();
    this.peopleRev += 1;
    this.gone.clear();
    const known = [...this.rooms.keys()];
    this.notify("rooms", ...known.flatMap((id) => [`room:${id}`, `timeline:${id}`, `roles:${id}`]));
  }

  dropRoom(id) {
    if (!this.rooms.delete(id)) return;
    for (const [alias, real] of this.aliases) if (real === id) this.aliases.delete(alias);
    this.timelines.delete(id);
    this.pins.delete(id);
    this.members.delete(id);
    this.readMarks.delete(id);
    this.typing.delete(id);
    this.onGone(id);
    this.notify("rooms", `room:${id}`);
  }

  /** Take the list of a room's members. */
  putMembers(roomId, members) {
    for (const { user, last_read_seq: seq } of members) {
      this.keepUser(user);
      this.keepReadMark(roomId, user.id, seq);
    }
    this.members.set(roomId, members);
    this.notify(`members:${roomId}`, `timeline:${roomId}`, "rooms");
  }

  /** Take a new message from a push or an ack. */
  putMessage(message) {
    const { room_id: roomId, user_id: userId } = message;
    if (!this.hearOf(roomId, [message])) {
      this.onUnknownRoom(roomId);
      return;
    }
    this.timelines.get(roomId)?.add(message);
    this.typing.get(roomId)?.delete(userId);
    this.notify("rooms", `timeline:${roomId}`, `typing:${roomId}`);
  }

  /** Note the last message of a room that names oneself. */
  hearMention(roomId, seq = 0) {
    const room = this.rooms.get(roomId);
    if (!room || seq <= (room.last_mention_seq ?? 0)) return;
    room.last_mention_seq = seq;
    this.notify("rooms");
  }

  /** Take messages of a room that come behind those held, at least as new as the change `rev`. */
  putPage(roomId, messages, rev) {
    if (!this.hearOf(roomId, messages)) return;
    this.timelines.get(roomId)?.extend(messages, rev);
    this.notify("rooms", `timeline:${roomId}`);
  }

  /** Take messages that have changed: all between two revs, as they are now. */
  putChanges({ room_id: roomId, messages, after_rev: afterRev, last_rev: lastRev }) {
    if (!this.takeCopies(roomId, messages)) return;
    this.timelines.get(roomId)?.takeRevs(afterRev, lastRev);
    this.notify("rooms", `timeline:${roomId}`);
  }

  /** Take a message as an ack tells it: it says nothing of what else has changed. */
  putCopy(message) {
    if (!this.takeCopies(message.room_id, [message])) return;
    this.notify("rooms", `timeline:${message.room_id}`);
  }

  takeCopies(roomId, messages) {
    if (!this.hearOf(roomId, messages)) return false;
    for (const message of messages) this.timelines.get(roomId)?.change(message);
    for (const wish of this.wishes) if (wish.roomId === roomId) this.show(wish);
    const pins = this.pins.get(roomId);
    if (pins) this.pins.set(roomId, pinsAfter(pins, messages));
    for (const listener of [...this.copyListeners]) listener(messages);
    return true;
  }

  putPins(roomId, messages) {
    this.pins.set(roomId, messages);
    this.notify(`timeline:${roomId}`);
  }

  /** Show a reaction as it was wished for; `settle` when the server has answered. */
  wish(wish) {
    const same = ["roomId", "seq", "emoji"];
    for (const other of this.wishes) if (same.every((name) => other[name] === wish[name])) this.wishes.delete(other);
    this.wishes.add(wish);
    this.show(wish);
    this.notify(`timeline:${wish.roomId}`);
  }

  /** End a wish: the server has answered. One that was refused, and not overtaken, is taken back. */
  settle(wish, { refused = false } = {}) {
    if (!this.wishes.delete(wish) || !refused) return;
    this.show({ ...wish, on: !wish.on });
    this.notify(`timeline:${wish.roomId}`);
  }

  show({ roomId, seq, emoji, on }) {
    this.timelines.get(roomId)?.patch(seq, (message) => withReaction(message, emoji, on, this.me.id));
  }

  /** Note what messages, new or not, say of their room and senders; false if it is unknown. */
  hearOf(roomId, messages) {
    const room = this.rooms.get(roomId);
    if (!room) return false;
    for (const message of messages) {
      this.hearName(message);
      if (!room.last_message || isLater(message, room.last_message)) room.last_message = message;
      if (message.seq > room.last_seq) room.hidden = false; // until the next message
      room.last_seq = Math.max(room.last_seq, message.seq);
      if (namesUser(message, this.me.id)) this.hearMention(roomId, message.seq);
      if (message.user_id === this.me.id) {
        room.last_read_seq = Math.max(room.last_read_seq, message.seq); // sending marks read
      } else this.keepReadMark(roomId, message.user_id, message.seq);
    }
    return true;
  }

  /** The newest copy of a message that is known, or the one given. */
  latest(message) {
    const { last_message: preview } = this.rooms.get(message.room_id) ?? {};
    const held = this.timelines.get(message.room_id)?.at(message.seq);
    return [held, preview]
      .filter((copy) => copy?.id === message.id)
      .reduce((newest, copy) => (isLater(copy, newest) ? copy : newest), message);
  }

  /** Whether the other one of a direct room is known to be online. */
  isPeerOnline({ peer, blocked }) {
    return !blocked && Boolean(this.users.get(peer?.id)?.online);
  }

  /** How far a member of a room is known to have read. */
  readMark(roomId, userId) {
    if (this.rooms.get(roomId)?.blocked) return 0;
    return this.readMarks.get(roomId)?.get(userId) ?? 0;
  }

  keepReadMark(roomId, userId, seq = 0) {
    if (!this.readMarks.has(roomId)) this.readMarks.set(roomId, new Map());
    const marks = this.readMarks.get(roomId);
    marks.set(userId, Math.max(marks.get(userId) ?? 0, seq));
  }

  markRead(roomId, seq) {
    const room = this.rooms.get(roomId);
    if (!room || seq <= room.last_read_seq) return false;
    room.last_read_seq = seq;
    this.notify("rooms", `room:${roomId}`);
    return true;
  }

  /** Who is typing in a room right now, oneself left out. */
  typists(roomId) {
    const now = this.now();
    return [...(this.typing.get(roomId) ?? [])]
      .filter(([userId, until]) => until > now && userId !== this.me.id)
      .map(([userId]) => userId);
  }

  /** Apply one pushed event. */
  apply(name, payload) {
    applyEvent(this, name, payload);
  }
}
