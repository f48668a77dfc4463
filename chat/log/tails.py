"""The ends of the rooms' logs as this process knows them: what is stored and what was pushed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from cachetools import LRUCache

from chat.log.previews import Previews
from chat.models import Message, Room, RoomKind
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import with_preview

KNOWN_ROOMS = 20_000  # in addition to the tracked rooms
UNKNOWN = -1


@dataclass(slots=True)
class _Tail:
    """The ends of a room's two logs: the last known entries, and the last pushed ones."""

    seq: int = UNKNOWN
    message: Message | None = None  # preview of the last message; None in an empty log
    seen_at: float = 0.0  # when the log was known to end here, by the monotonic clock
    kind: RoomKind = "group"  # set for a tracked room
    pushed: int = 0  # all messages up to this seq were pushed here
    ahead: set[int] = field(default_factory=set)  # pushed seqs beyond a gap
    rev: int = UNKNOWN  # of the last known change
    settled: int = UNKNOWN  # all changes up to this rev are applied and scrubbed
    settled_at: float = 0.0  # when there was no later change, by the monotonic clock
    pushed_rev: int = 0  # all changes up to this rev were pushed here

    @property
    def end(self) -> tuple[int, int]:
        """Return the last known seq and the known version of its message."""
        return self.seq, self.message.version if self.message else 0

    def record_pushed(self, seq: int) -> None:
        """Record that a message was pushed."""
        if seq > self.pushed:
            self.ahead.add(seq)
            self._close_up()

    def record_all_pushed(self, upto: int) -> None:
        """Record that all stored messages up to a seq were pushed."""
        if upto > self.pushed:
            self.pushed = upto
            self.ahead = {seq for seq in self.ahead if seq > upto}
            self._close_up()

    def is_pushed(self, seq: int) -> bool:
        """Return whether a message was pushed here."""
        return seq <= self.pushed or seq in self.ahead

    def _close_up(self) -> None:
        while self.pushed + 1 in self.ahead:
            self.pushed += 1
            self.ahead.remove(self.pushed)


class Tails:
    """The tails of the rooms that this process wrote, read or tracks.

    A room is tracked while a client of this process receives its pushes. Known ends never
    decrease, but may lag behind what other processes store.
    """

    def __init__(self, messages: MessageRepository, previews: Previews) -> None:
        self._messages = messages
        self._previews = previews
        self._tracked: dict[str, _Tail] = {}
        self._others: LRUCache[str, _Tail] = LRUCache(KNOWN_ROOMS)

    # Stored messages

    def record_message(self, message: Message) -> None:
        """Record a stored message; one older than the known end changes nothing."""
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
        """Return the last seq known here, or None, without a query."""
        known = self._find(room_id)
        return known.seq if known and known.seq != UNKNOWN else None

    def known_id(self, room_id: str, seq: int) -> str | None:
        """Return the id of the message at `seq` if it is the last known one, else None."""
        known = self._find(room_id)
        last = known.message if known else None
        return last.id if last and last.seq == seq else None

    def read_last_seq(self, room: Room, max_age: float = 0.0) -> int:
        """Return the last stored seq, at most `max_age` seconds old.

        The age spares queries when many clients reconnect at once and ask for the same rooms.
        """
        asked_at = time.monotonic()
        tail = self._find(room.id)
        if tail and tail.seq >= room.last_seq and asked_at - tail.seen_at < max_age:
            return tail.seq
        known = self.with_tail(room)
        found = self._messages.find_head(room.id, known.last_seq)
        if found is None:
            return self._remember(room.id, known.last_seq, known.last_message, asked_at)
        self._previews.put(found)  # its writer may have crashed before it did so
        return self._remember(room.id, found.seq, found, asked_at)

    def _find(self, room_id: str) -> _Tail | None:
        return self._tracked.get(room_id) or self._others.get(room_id)

    def _remember(self, room_id: str, seq: int, message: Message | None, seen_at: float) -> int:
        """Record the end of a log unless a later one is known; return the last known seq."""
        tail = self._tail(room_id)
        if (seq, message.version if message else 0) > tail.end:
            tail.seq, tail.seen_at = seq, seen_at
            tail.message = with_preview(message) if message else None
        elif seq == tail.seq:
            tail.seen_at = seen_at
        return tail.seq

    # Stored and settled changes

    def known_rev(self, room_id: str) -> int | None:
        """Return the rev of the last change known here, or None, without a query."""
        known = self._find(room_id)
        found = max(known.rev, known.settled) if known else UNKNOWN
        return None if found == UNKNOWN else found

    def record_rev(self, room_id: str, rev: int) -> None:
        """Record the rev of a stored change."""
        tail = self._tail(room_id)
        tail.rev = max(tail.rev, rev)

    def settled_rev(self, room: Room, max_age: float | None = None) -> int | None:
        """Return the rev up to which all changes are applied, without a query.

        With a `max_age`, return None unless it was the last rev at most so many seconds ago.
        """
        known = self._find(room.id)
        if max_age is not None and (
            known is None or time.monotonic() - known.settled_at >= max_age
        ):
            return None
        return max(known.settled, room.last_rev) if known else room.last_rev

    def record_settled(self, room_id: str, rev: int, seen_at: float | None = None) -> None:
        """Record that all changes up to a rev are applied.

        `seen_at` is the moment at which there was no later one.
        """
        tail = self._tail(room_id)
        tail.settled = max(tail.settled, rev)
        if seen_at is not None:
            tail.settled_at = max(tail.settled_at, seen_at)

    def record_settled_elsewhere(self, room: Room) -> bool:
        """Record `room.last_rev` as settled; return whether that is new.

        If so, another process has changed messages of the room.
        """
        tail = self._find(room.id)
        if room.last_rev <= (tail.settled if tail else 0):
            return False
        if tail:
            tail.settled = room.last_rev
        return True

    def pushed_rev(self, room_id: str) -> int | None:
        """Return the rev up to which changes were pushed here, or None for an untracked room."""
        tail = self._tracked.get(room_id)
        return tail.pushed_rev if tail else None

    def record_revs_pushed(self, room_id: str, after_rev: int, last_rev: int) -> None:
        """Record that the changes between two revs were pushed, unless there is a gap before."""
        tail = self._tracked.get(room_id)
        if tail is None:
            return
        if last_rev > tail.settled:
            tail.settled_at = 0.0  # another process pushed later changes than are known here
        if after_rev <= tail.pushed_rev:
            tail.pushed_rev = max(tail.pushed_rev, last_rev)

    def _tail(self, room_id: str) -> _Tail:
        """Return the tail of a room; create it if there is none."""
        tail = self._find(room_id)
        if tail is None:
            tail = self._others[room_id] = _Tail()
        return tail

    # Tracking and pushes

    def track_room(self, room: Room) -> None:
        """Track a room: everything after its present ends is to be pushed here."""
        if room.id not in self._tracked:
            tail = self._others.pop(room.id, None) or _Tail()
            tail.kind, tail.pushed, tail.ahead = room.kind, room.last_seq, set()
            tail.pushed_rev = room.last_rev
            self._tracked[room.id] = tail

    def untrack_room(self, room_id: str) -> None:
        """Stop tracking a room: no client here receives its pushes any more."""
        tail = self._tracked.pop(room_id, None)
        if tail is not None and (tail.seq, tail.settled) != (UNKNOWN, UNKNOWN):
            self._others[room_id] = tail

    def tracked_rooms(self) -> dict[str, RoomKind]:
        """Return the kinds of all tracked rooms, by id."""
        return {room_id: tail.kind for room_id, tail in self._tracked.items()}

    def pushed_upto(self, room_id: str) -> int | None:
        """Return the seq up to which all messages were pushed, or None for an untracked room."""
        tail = self._tracked.get(room_id)
        return tail.pushed if tail else None

    def is_pushed(self, message: Message) -> bool:
        """Return whether a message needs no push here. In an untracked room none does."""
        tail = self._tracked.get(message.room_id)
        return tail is None or tail.is_pushed(message.seq)

    def record_pushed(self, message: Message) -> None:
        """Record that a message was pushed here."""
        if tail := self._tracked.get(message.room_id):
            tail.record_pushed(message.seq)

    def record_all_pushed(self, room_id: str, upto: int) -> None:
        """Record that all stored messages of a room up to a seq were pushed."""
        if tail := self._tracked.get(room_id):
            tail.record_all_pushed(upto)

    # Forgetting

    def forget_room(self, room_id: str) -> None:
        """Drop the known ends of a room. It stays tracked, and keeps what was pushed."""
        self._others.pop(room_id, None)
        if tail := self._tracked.get(room_id):
            tail.seq, tail.message = UNKNOWN, None
            tail.rev, tail.settled, tail.settled_at = UNKNOWN, UNKNOWN, 0.0

    def forget_all(self) -> None:
        """Drop the known ends of all rooms."""
        self._others.clear()
        for room_id in self._tracked:
            self.forget_room(room_id)

    def untrack_all(self) -> None:
        """Stop tracking all rooms: their clients reconnect."""
        for room_id in self.tracked_rooms():
            self.untrack_room(room_id)
