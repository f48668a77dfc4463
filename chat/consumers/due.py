"""The rooms in which a consumer has something to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chat.models import Room

MAX_BACKOFF = 60.0  # seconds
RETRIES = 16  # rooms that failed and are taken first; more only where there is room


@dataclass(slots=True)
class _Failing:
    room: Room
    failures: int
    due_at: float


class DueRooms:
    """Rooms in the order in which they became due; one that failed waits 1, 2, 4 … 60 seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rooms: dict[str, Room] = {}
        self._failing: dict[str, _Failing] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return the number of rooms that do not wait after a failure."""
        return len(self._rooms)

    @property
    def has_failing(self) -> bool:
        """Return whether a room waits after a failure."""
        return bool(self._failing)

    def put(self, room: Room) -> None:
        """Add a room, in which more may have happened than was known."""
        with self._lock:
            failing = self._failing.get(room.id)
            if failing is not None:
                failing.room = room
            elif not _is_older(room, self._rooms.get(room.id)):
                self._rooms[room.id] = room

    def put_back(self, rooms: Iterable[Room]) -> None:
        """Add rooms that were taken and not handled; those that had failed are due as well."""
        for room in rooms:
            self.put(room)
            with self._lock:
                if room.id in self._failing:
                    self._failing[room.id].due_at = self._clock()

    def take(self, most: int) -> list[Room]:
        """Remove and return the rooms that have been due for longest, at most `most`.

        Those that failed come first, but few of them while there are enough others.
        """
        with self._lock:
            now = self._clock()
            ready = [one for one in self._failing.values() if one.due_at <= now]
            ready.sort(key=lambda one: one.due_at)
            del ready[min(most, max(RETRIES, most - len(self._rooms))) :]
            for one in ready:
                one.due_at = now + MAX_BACKOFF  # until it is known how it went
            ids = list(self._rooms)[: most - len(ready)]
            return [one.room for one in ready] + [self._rooms.pop(room_id) for room_id in ids]

    def succeeded(self, room_id: str) -> None:
        """Record that a room was handled."""
        with self._lock:
            self._failing.pop(room_id, None)

    def failed(self, room: Room) -> bool:
        """Let a room wait; return whether this is its first failure."""
        with self._lock:
            failing = self._failing.setdefault(room.id, _Failing(room, 0, 0.0))
            failing.due_at = self._clock() + min(2.0**failing.failures, MAX_BACKOFF)
            failing.failures = min(failing.failures + 1, 30)
            self._rooms.pop(room.id, None)
            return failing.failures == 1


def _is_older(room: Room, known: Room | None) -> bool:
    """Return whether `known` says of a log that it is longer."""
    return known is not None and (known.last_seq > room.last_seq or known.last_rev > room.last_rev)
