"""Writes the last message of each log into its `room` document, where lists of rooms read it."""

from __future__ import annotations

from cachetools import LRUCache

from chat.models import Message, Room
from chat.repositories.rooms import RoomRepository
from chat.write_behind import WriteBehind

WRITE_INTERVAL = 0.25  # seconds between two writes of one room
KNOWN_ROOMS = 20_000


class Previews:
    """Writes the last message and the last applied rev of each room, a little later.

    The written values never decrease. The write touches the room, so the reconcilers of other
    processes find out that its logs have grown.
    """

    def __init__(self, rooms: RoomRepository) -> None:
        # By room: seq and version of its last message, and its last rev.
        self._put: LRUCache[str, tuple[int, int]] = LRUCache(KNOWN_ROOMS)
        self._put_revs: LRUCache[str, int] = LRUCache(KNOWN_ROOMS)
        self._revs: WriteBehind[str, int] = WriteBehind(
            WRITE_INTERVAL, rooms.advance_revs, lambda: rooms.pacing
        )
        self._write_behind: WriteBehind[str, Message] = WriteBehind(
            WRITE_INTERVAL,
            lambda newest: rooms.advance_heads(newest.values()),
            lambda: rooms.pacing,
        )

    def put(self, message: Message) -> None:
        """Schedule the write of a last message, unless the same or a later one was put before."""
        if message.place > self._put.get(message.room_id, (0, 0)):
            self._put[message.room_id] = message.place
            self._write_behind.put(message.room_id, message)

    def put_rev(self, room_id: str, rev: int) -> None:
        """Schedule the write of the rev up to which all changes are applied."""
        if rev > self._put_revs.get(room_id, 0):
            self._put_revs[room_id] = rev
            self._revs.put(room_id, rev)

    def on_stored(self, room: Room, message: Message) -> None:
        self.put(message)

    def on_caught_up(self, room: Room, message: Message) -> None:
        """Do nothing: the process that stored the message wrote the preview."""

    def flush(self) -> bool:
        """Write all scheduled values; return whether that succeeded."""
        written = self._write_behind.flush()
        return self._revs.flush() and written

    def forget_all(self) -> None:
        """Drop all scheduled writes."""
        self._write_behind.clear()
        self._revs.clear()
        self._put.clear()
        self._put_revs.clear()
