"""Moving windows in the memory of this process."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass, field

from limits import RateLimitItem

# Windows checked at each count. A count adds one at most, so the expired ones get fewer.
CHECKED_PER_COUNT = 2


@dataclass(slots=True)
class _Window:
    seconds: int
    times: list[float] = field(default_factory=list)  # of the counted actions, ascending

    def recent(self, now: float) -> list[float]:
        """Return the times within the window; drop the others."""
        del self.times[: bisect_left(self.times, now - self.seconds)]
        return self.times


class LocalWindows:
    """Counts by key, in constant time for any number of keys.

    The memory storage of the package `limits` sweeps all keys 10 ms after each count. Here each
    count checks the next two keys in turn, and drops them if their window is over.
    """

    def __init__(self) -> None:
        self._windows: OrderedDict[tuple[str, ...], _Window] = OrderedDict()  # the next one first
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return the number of keys in memory."""
        return len(self._windows)

    def test(self, item: RateLimitItem, *key: str) -> bool:
        """Return whether one more would be within the limit."""
        with self._lock:
            return len(self._recent(key, time.monotonic())) < item.amount

    def hit(self, item: RateLimitItem, *key: str) -> bool:
        """Count one if it is within the limit; return whether it was."""
        with self._lock:
            now = time.monotonic()
            self._drop_expired(now)
            if len(self._recent(key, now)) >= item.amount:
                return False
            self._windows.setdefault(key, _Window(item.get_expiry())).times.append(now)
            return True

    def seconds_left(self, item: RateLimitItem, *key: str) -> float:
        """Return the seconds until the oldest one leaves the window."""
        with self._lock:
            now = time.monotonic()
            times = self._recent(key, now)
            return times[0] + item.get_expiry() - now if times else 0.0

    def _recent(self, key: tuple[str, ...], now: float) -> list[float]:
        window = self._windows.get(key)
        return [] if window is None else window.recent(now)

    def _drop_expired(self, now: float) -> None:
        for _ in range(min(CHECKED_PER_COUNT, len(self._windows))):
            key = next(iter(self._windows))
            if self._windows[key].recent(now):
                self._windows.move_to_end(key)
            else:
                del self._windows[key]
