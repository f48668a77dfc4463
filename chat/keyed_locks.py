"""Locks by key, for what must not happen twice at once in this process."""

from __future__ import annotations

import threading
import zlib


class KeyedLocks:
    """One lock for each key. Different keys may share one, which costs only waiting.

    A thread that holds a lock may take it again.
    """

    def __init__(self, count: int = 256) -> None:
        self._locks = [threading.RLock() for _ in range(count)]

    def lock_for(self, key: str) -> threading.RLock:
        """Return the lock of a key."""
        return self._locks[zlib.crc32(key.encode()) % len(self._locks)]
