"""The last message of each log, written into `room` a little later: lists show it."""

from __future__ import annotations

from cachetools import LRUCache

from chat.coalescer import Coalescer
from chat.models import Message, Room
from chat.repositories.rooms import RoomRepository

WRITE_INTERVAL = 0.25  # seconds between two writes of one room's end
KNOWN_ROOMS = 20_000


class Previews:
    """Writes the newest message of each room that was put here; the end of a log never goes back.

    The write touches the room, by which other processes notice that there is something new.
    """

    def __init__(self, rooms: RoomRepository) -> None:
        self._put: LRUCache[str, int] = LRUCache(KNOWN_ROOMS)  # the last seq of each room
        self._coalescer: Coalescer[str, Message] = Coalescer(
            WRITE_INTERVAL, lambda newest: rooms.advance_heads(newest.values())
        )

    def put(self, message: Message) -> None:
        """Note what is to be written, unless it or a later one was noted before."""
        if message.seq > self._put.get(message.room_id, 0):
            self._put[message.room_id] = message.seq
            self._coalescer.put(message.room_id, message)

    def stored(self, room: Room, message: Message) -> None:
        self.put(message)

    def caught_up(self, room: Room, message: Message) -> None:
        """Whoever stored it has written it: that is how it was found."""

    def flush(self) -> bool:
        """Write what waits; return whether it could be written."""
        return self._coalescer.flush()

    def forget_all(self) -> None:
        """Drop what waits."""
        self._coalescer.clear()
        self._put.clear()
