"""The ends of the rooms' logs as this process knows them: what is stored, what is pushed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from cachetools import LRUCache

from chat.log.previews import Previews
from chat.models import Message, Room, RoomKind
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import with_preview

KNOWN_ROOMS = 20_000  # beside those that somebody here listens to
UNKNOWN = -1


@dataclass(slots=True)
class _Tail:
    """The end of one log: the last message known, and how far its clients here were told."""

    seq: int = UNKNOWN
    message: Message | None = None  # its preview; None where nothing was said
    seen_at: float = 0.0  # when the log was known to end here, by the monotonic clock
    kind: RoomKind = "group"  # where somebody listens
    pushed: int = 0  # the end of the gapless part of what was pushed here
    ahead: set[int] = field(default_factory=set)  # pushed beyond that
    rev: int = UNKNOWN  # of the last change that is known
    settled: int = UNKNOWN  # up to which all changes are applied and scrubbed
    settled_at: float = 0.0  # when there was no later change, by the monotonic clock
    pushed_rev: int = 0  # up to which changes were pushed here

    @property
    def end(self) -> tuple[int, int]:
        """Return the last seq and the version of the message there that is known."""
        return self.seq, self.message.version if self.message else 0

    def note_pushed(self, seq: int) -> None:
        """Note that a message has been pushed."""
        if seq > self.pushed:
            self.ahead.add(seq)
            self._close_up()

    def note_all_pushed(self, upto: int) -> None:
        """Note that of everything that is stored up to a seq nothing is left to push."""
        if upto > self.pushed:
            self.pushed = upto
            self.ahead = {seq for seq in self.ahead if seq > upto}
            self._close_up()

    def is_pushed(self, seq: int) -> bool:
        """Tell whether a message has been pushed here."""
        return seq <= self.pushed or seq in self.ahead

    def _close_up(self) -> None:
        while self.pushed + 1 in self.ahead:
            self.pushed += 1
            self.ahead.remove(self.pushed)


class Tails:
    """The tails of the rooms that were written, looked at, or are listened to here.

    What is known never goes back. It may lag behind what other processes store.
    """

    def __init__(self, messages: MessageRepository, previews: Previews) -> None:
        self._messages = messages
        self._previews = previews
        self._listened: dict[str, _Tail] = {}  # of rooms that somebody here listens to
        self._others: LRUCache[str, _Tail] = LRUCache(KNOWN_ROOMS)

    # What is stored

    def learn(self, message: Message) -> None:
        """Note a stored message; an older one than is known changes nothing."""
        self._remember(message.room_id, message.seq, message, time.monotonic())

    def with_tail(self, room: Room) -> Room:
        """Return the room with the end of its log as this process knows it."""
        known = self._find(room.id)
        if known is None:
            return room
        if known.settled > room.last_rev:
            room = replace(room, last_rev=known.settled)
        if known.end <= room.end:
            return room
        return replace(room, last_seq=known.seq, last_message=known.message)

    def known_seq(self, room_id: str) -> int | None:
        """Return the last seq that is known here without asking, or None."""
        known = self._find(room_id)
        return known.seq if known and known.seq != UNKNOWN else None

    def known_id(self, room_id: str, seq: int) -> str | None:
        """Return the id of the message there if it is the last one known here, else None."""
        known = self._find(room_id)
        last = known.message if known else None
        return last.id if last and last.seq == seq else None

    def read(self, room: Room, max_age: float = 0.0) -> int:
        """Return the last stored seq as of `max_age` seconds ago at most, asking the database.

        Many clients that come back at once ask about the same rooms.
        """
        asked_at = time.monotonic()
        tail = self._find(room.id)
        if tail and tail.seq >= room.last_seq and asked_at - tail.seen_at < max_age:
            return tail.seq
        known = self.with_tail(room)
        found = self._messages.find_head(room.id, known.last_seq)
        if found is None:
            return self._remember(room.id, known.last_seq, known.last_message, asked_at)
        self._previews.put(found)  # whoever stored it may have crashed before doing so
        return self._remember(room.id, found.seq, found, asked_at)

    def _find(self, room_id: str) -> _Tail | None:
        return self._listened.get(room_id) or self._others.get(room_id)

    def _remember(self, room_id: str, seq: int, message: Message | None, seen_at: float) -> int:
        """Note an end of a log unless a later one is known; return the one that is known then."""
        tail = self._tail(room_id)
        if (seq, message.version if message else 0) > tail.end:
            tail.seq, tail.seen_at = seq, seen_at
            tail.message = with_preview(message) if message else None
        elif seq == tail.seq:
            tail.seen_at = seen_at
        return tail.seq

    # What has changed

    def known_rev(self, room_id: str) -> int | None:
        """Return the rev of the last change that is known here without asking, or None."""
        known = self._find(room_id)
        found = max(known.rev, known.settled) if known else UNKNOWN
        return None if found == UNKNOWN else found

    def learn_rev(self, room_id: str, rev: int) -> None:
        """Note that a change is stored."""
        tail = self._tail(room_id)
        tail.rev = max(tail.rev, rev)

    def settled(self, room: Room, max_age: float | None = None) -> int | None:
        """Return up to which rev all changes are applied, asking nobody.

        With a `max_age` None, when that was not known to be the last change so lately.
        """
        known = self._find(room.id)
        if max_age is not None and (
            known is None or time.monotonic() - known.settled_at >= max_age
        ):
            return None
        return max(known.settled, room.last_rev) if known else room.last_rev

    def note_settled(self, room_id: str, rev: int, seen_at: float | None = None) -> None:
        """Note that all changes up to a rev are applied; `seen_at`: when there was no later one."""
        tail = self._tail(room_id)
        tail.settled = max(tail.settled, rev)
        if seen_at is not None:
            tail.settled_at = max(tail.settled_at, seen_at)

    def note_settled_elsewhere(self, room: Room) -> bool:
        """Note up to which rev a room says that all changes are applied; return whether it is news.

        Then another process has changed messages of it.
        """
        tail = self._find(room.id)
        if room.last_rev <= (tail.settled if tail else 0):
            return False
        if tail:
            tail.settled = room.last_rev
        return True

    def pushed_rev(self, room_id: str) -> int | None:
        """Return up to which rev changes were pushed here, or None where nobody listens."""
        tail = self._listened.get(room_id)
        return tail.pushed_rev if tail else None

    def note_revs_pushed(self, room_id: str, after_rev: int, last_rev: int) -> None:
        """Note that what changed between two revs was pushed, unless a gap is before it."""
        tail = self._listened.get(room_id)
        if tail is None:
            return
        if last_rev > tail.settled:
            tail.settled_at = 0.0  # another process tells of later changes than are known here
        if after_rev <= tail.pushed_rev:
            tail.pushed_rev = max(tail.pushed_rev, last_rev)

    def _tail(self, room_id: str) -> _Tail:
        """Return what is known of a room, from here on."""
        tail = self._find(room_id)
        if tail is None:
            tail = self._others[room_id] = _Tail()
        return tail

    # What is pushed

    def listen(self, room: Room) -> None:
        """Note a room as it is at the moment from which all that follows is pushed here."""
        if room.id not in self._listened:
            tail = self._others.pop(room.id, None) or _Tail()
            tail.kind, tail.pushed, tail.ahead = room.kind, room.last_seq, set()
            tail.pushed_rev = room.last_rev
            self._listened[room.id] = tail

    def unlisten(self, room_id: str) -> None:
        """Hear that nobody here listens to a room any more."""
        tail = self._listened.pop(room_id, None)
        if tail is not None and (tail.seq, tail.settled) != (UNKNOWN, UNKNOWN):
            self._others[room_id] = tail

    def listened(self) -> dict[str, RoomKind]:
        """Return the kinds of all rooms that somebody here listens to, by id."""
        return {room_id: tail.kind for room_id, tail in self._listened.items()}

    def pushed_upto(self, room_id: str) -> int | None:
        """Return the end of the gapless part of what was pushed, or None where nobody listens."""
        tail = self._listened.get(room_id)
        return tail.pushed if tail else None

    def is_pushed(self, message: Message) -> bool:
        """Tell whether nobody here is left to push a message to."""
        tail = self._listened.get(message.room_id)
        return tail is None or tail.is_pushed(message.seq)

    def note_pushed(self, message: Message) -> None:
        """Note that a message has been pushed here."""
        if tail := self._listened.get(message.room_id):
            tail.note_pushed(message.seq)

    def note_all_pushed(self, room_id: str, upto: int) -> None:
        """Note that of everything that is stored up to a seq nothing is left to push."""
        if tail := self._listened.get(room_id):
            tail.note_all_pushed(upto)

    # What is forgotten

    def forget(self, room_id: str) -> None:
        """Drop what is known to be stored in a room; whoever listens, listens on."""
        self._others.pop(room_id, None)
        if tail := self._listened.get(room_id):
            tail.seq, tail.message = UNKNOWN, None
            tail.rev, tail.settled, tail.settled_at = UNKNOWN, UNKNOWN, 0.0

    def forget_all(self) -> None:
        """Drop what is known to be stored in all rooms."""
        self._others.clear()
        for room_id in self._listened:
            self.forget(room_id)

    def forget_listeners(self) -> None:
        """Drop what was pushed: those who listen come again."""
        for room_id in self.listened():
            self.unlisten(room_id)
