"""Locks by key, for what must not happen twice at once in this process."""

from __future__ import annotations

import threading
import zlib

STRIPES = 256


class Turns:
    """Hands out one lock for each key; different keys may share one, which costs only waiting.

    Who holds it may take it again.
    """

    def __init__(self) -> None:
        self._locks = [threading.RLock() for _ in range(STRIPES)]

    def of(self, key: str) -> threading.RLock:
        """Return the lock of a key."""
        return self._locks[zlib.crc32(key.encode()) % STRIPES]
