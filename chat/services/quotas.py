"""Quotas: the bytes that a user and a room may store in a UTC day.

Sending costs no query. Stored bytes are counted in memory, and counts from UNWRITTEN bytes on are
added to the shared count in the database in the background. So a quota can be exceeded by messages
under way, and by UNWRITTEN bytes and about a second's messages of each process, including this one
before a restart.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Literal

from chat.clock import DAY_MS, now_ms
from chat.errors import QuotaExceeded
from chat.models import Message, Room
from chat.repositories.usage import UsageRepository
from chat.text.sizes import size_of_text
from chat.write_behind import WriteBehind

WRITE_INTERVAL = 1.0  # seconds
UNWRITTEN = 64 * 1024  # bytes that are not worth a write; most users never send more in a day

Kind = Literal["user", "room"]


class Quotas:
    """Counts stored bytes. `most` is the limit in bytes a day for each kind; 0 is no limit."""

    def __init__(
        self,
        usage: UsageRepository,
        most: Mapping[Kind, int],
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._usage = usage
        self._most = {kind: limit for kind, limit in most.items() if limit}
        self._clock = clock
        self._day = 0
        self._used: dict[str, int] = {}  # bytes today by key, as far as this process knows
        self._unwritten: dict[str, int] = {}  # the part of them not added to the database yet
        self._lock = threading.Lock()
        self._write_behind: WriteBehind[str, None] = WriteBehind(WRITE_INTERVAL, self._write)

    def find_refusal(self, size: int, *, user: str, room: str) -> QuotaExceeded | None:
        """Return the error if a quota has no space for `size` more bytes, else None."""
        day, passed = divmod(self._clock(), DAY_MS)
        with self._lock:
            self._begin(day)
            for key, most in self._keys(user, room):
                if self._used.get(key, 0) + size > most:
                    return QuotaExceeded(retry_after=(DAY_MS - passed) // 1000 + 1)
        return None

    def count(self, size: int, *, user: str, room: str) -> None:
        """Count bytes that a user has stored in a room."""
        with self._lock:
            self._begin(self._clock() // DAY_MS)
            for key, most in self._keys(user, room):
                self._used[key] = self._used.get(key, 0) + size
                self._unwritten[key] = self._unwritten.get(key, 0) + size
                if self._unwritten[key] >= min(UNWRITTEN, most // 16):
                    self._write_behind.put(key, None)

    def on_stored(self, room: Room, message: Message) -> None:
        """Count a message that this process stored."""
        self.count(size_of_text(message.data), user=message.user_id, room=room.id)

    def on_caught_up(self, room: Room, message: Message) -> None:
        """Do nothing: the process that stored the message counts it."""

    def flush(self) -> bool:
        """Write the counts that are due; return whether that succeeded."""
        return self._write_behind.flush()

    def _keys(self, user: str, room: str) -> list[tuple[str, int]]:
        """Return the keys to count by, each with its limit."""
        ids: dict[Kind, str] = {"user": user, "room": room}
        return [(f"{kind} {ids[kind]}", most) for kind, most in self._most.items()]

    def _begin(self, day: int) -> None:
        """Reset the counts when a new day has begun. The caller holds the lock."""
        if day != self._day:
            self._day = day
            self._used.clear()
            self._unwritten.clear()

    def _write(self, keys: Mapping[str, None]) -> None:
        with self._lock:
            day = self._day
            sizes = {key: self._unwritten.pop(key) for key in keys if key in self._unwritten}
        try:
            totals = self._usage.add(day, sizes)
        except Exception:  # if it was added all the same, it counts twice
            with self._lock:
                if day == self._day:
                    for key, size in sizes.items():
                        self._unwritten[key] = self._unwritten.get(key, 0) + size
            raise
        with self._lock:
            if day == self._day:
                for key, total in totals.items():
                    self._used[key] = total + self._unwritten.get(key, 0)
