"""The last message of each log, written into `room` a little later: lists show it."""

from __future__ import annotations

from cachetools import LRUCache

from chat.models import Message, Room
from chat.repositories.rooms import RoomRepository
from chat.write_behind import WriteBehind

WRITE_INTERVAL = 0.25  # seconds between two writes of one room's end
KNOWN_ROOMS = 20_000


class Previews:
    """Writes the ends of logs that were put here: the last message, and the last applied change.

    What is written never goes back.

    The write touches the room, by which other processes notice that there is something new.
    """

    def __init__(self, rooms: RoomRepository) -> None:
        # By room: seq and version of its last message, and its last rev.
        self._put: LRUCache[str, tuple[int, int]] = LRUCache(KNOWN_ROOMS)
        self._put_revs: LRUCache[str, int] = LRUCache(KNOWN_ROOMS)
        self._revs: WriteBehind[str, int] = WriteBehind(WRITE_INTERVAL, rooms.advance_revs)
        self._write_behind: WriteBehind[str, Message] = WriteBehind(
            WRITE_INTERVAL, lambda newest: rooms.advance_heads(newest.values())
        )

    def put(self, message: Message) -> None:
        """Note what is to be written, unless it or a later one was noted before."""
        if message.place > self._put.get(message.room_id, (0, 0)):
            self._put[message.room_id] = message.place
            self._write_behind.put(message.room_id, message)

    def put_rev(self, room_id: str, rev: int) -> None:
        """Note up to which rev all changes of a room are applied."""
        if rev > self._put_revs.get(room_id, 0):
            self._put_revs[room_id] = rev
            self._revs.put(room_id, rev)

    def stored(self, room: Room, message: Message) -> None:
        self.put(message)

    def caught_up(self, room: Room, message: Message) -> None:
        """Whoever stored it has written it: that is how it was found."""

    def flush(self) -> bool:
        """Write what waits; return whether it could be written."""
        written = self._write_behind.flush()
        return self._revs.flush() and written

    def forget_all(self) -> None:
        """Drop what waits."""
        self._write_behind.clear()
        self._revs.clear()
        self._put.clear()
        self._put_revs.clear()
