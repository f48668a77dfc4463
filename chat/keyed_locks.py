"""Locks by key, for operations that must not run twice at a time in this process."""

from __future__ import annotations

import threading
import zlib


class KeyedLocks:
    """Reentrant locks by key. Different keys may share a lock, which only costs waiting."""

    def __init__(self, count: int = 256) -> None:
        self._locks = [threading.RLock() for _ in range(count)]

    def lock_for(self, key: str) -> threading.RLock:
        """Return the lock of a key."""
        return self._locks[zlib.crc32(key.encode()) % len(self._locks)]
