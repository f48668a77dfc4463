"""The messages that arrived in this process a moment ago, so that consumers need not read them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from chat.models import Message

MAX_MESSAGES = 4_096
MAX_SIZE = 4_000_000  # code points of text
MAX_OF_ROOM = 256
BUSY = 50  # messages in a second, from which on consumers spare the database


class Arrivals:
    """Keeps the end of each log without gaps, as far as a bound for all rooms together allows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rooms: OrderedDict[str, deque[Message]] = OrderedDict()
        self._count = 0
        self._size = 0
        self._second = (0, 0)  # the present one, and how many messages arrived in it
        self._second_before = (0, 0)
        self._lock = threading.Lock()

    @property
    def is_busy(self) -> bool:
        """Return whether many messages arrive."""
        now = int(self._clock())
        return any(
            now - second <= 1 and count >= BUSY
            for second, count in (self._second, self._second_before)
        )

    def put(self, message: Message) -> None:
        """Keep a message; where one is missing before it, drop what was kept of its room."""
        with self._lock:
            self._count_arrival()
            kept = self._rooms.get(message.room_id)
            if kept and message.seq != kept[-1].seq + 1:
                if message.seq <= kept[-1].seq:
                    return
                self._drop(message.room_id)
            kept = self._rooms.setdefault(message.room_id, deque())
            self._rooms.move_to_end(message.room_id)
            kept.append(message)
            self._count += 1
            self._size += len(message.data)
            if len(kept) > MAX_OF_ROOM:
                self._forget(kept.popleft())
            while self._count > MAX_MESSAGES or self._size > MAX_SIZE:
                self._drop(next(iter(self._rooms)))

    def after(self, room_id: str, seq: int, limit: int) -> list[Message]:
        """Return the messages that follow `seq`, or none if the first of them is not kept."""
        with self._lock:
            kept = self._rooms.get(room_id)
            if not kept or not kept[0].seq <= seq + 1 <= kept[-1].seq:
                return []
            first = seq + 1 - kept[0].seq
            return [kept[place] for place in range(first, min(first + limit, len(kept)))]

    def forget(self, room_id: str) -> None:
        """Drop what is kept of a room, because it has changed."""
        with self._lock:
            self._drop(room_id)

    def forget_all(self) -> None:
        """Drop everything."""
        with self._lock:
            self._rooms.clear()
            self._count = self._size = 0

    def _drop(self, room_id: str) -> None:
        for message in self._rooms.pop(room_id, ()):
            self._forget(message)

    def _forget(self, message: Message) -> None:
        self._count -= 1
        self._size -= len(message.data)

    def _count_arrival(self) -> None:
        now = int(self._clock())
        if self._second[0] != now:
            self._second_before, self._second = self._second, (now, 0)
        self._second = (now, self._second[1] + 1)
