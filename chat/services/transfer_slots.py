"""How many transfers of files run at a time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from chat.errors import RateLimited

RETRY_SECONDS = 2


class TransferSlots:
    """Counts transfers in progress: so many of one user, and so many of all.

    Each takes memory for a chunk, for as long as a slow client wants. Without `enabled` nobody is
    refused.
    """

    def __init__(self, of_user: int, of_all: int, enabled: bool = True) -> None:
        self._of_user = of_user
        self._of_all = of_all
        self._enabled = enabled
        self._held: Counter[str] = Counter()
        self._total = 0
        self._lock = threading.Lock()

    def take(self, user_id: str) -> Callable[[], None]:
        """Return a function that releases the slot, once; raise RateLimited when none is free."""
        with self._lock:
            is_full = self._held[user_id] >= self._of_user or self._total >= self._of_all
            if self._enabled and is_full:
                raise RateLimited(RETRY_SECONDS)
            self._held[user_id] += 1
            self._total += 1
        holders = [user_id]

        def release() -> None:
            with self._lock:
                if not holders:
                    return
                holder = holders.pop()
                self._total -= 1
                self._held[holder] -= 1
                if not self._held[holder]:
                    del self._held[holder]

        return release
