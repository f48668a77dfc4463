"""Moving windows in the memory of this process."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass, field

from limits import RateLimitItem

LOOKED_AT = 2  # windows for each count, which may add one: those that are over get fewer


@dataclass(slots=True)
class _Window:
    seconds: int
    times: list[float] = field(default_factory=list)  # of what was counted, ascending

    def recent(self, now: float) -> list[float]:
        """Return the times within the window; the others are forgotten."""
        del self.times[: bisect_left(self.times, now - self.seconds)]
        return self.times


class LocalWindows:
    """Counts by key; a count costs the same however many keys there are.

    The memory storage of the package `limits` sweeps all keys, 10 ms after any of them was counted.
    Here each count looks at the next two, round and round, and drops those whose window is over.
    """

    def __init__(self) -> None:
        self._windows: OrderedDict[tuple[str, ...], _Window] = OrderedDict()  # the next one first
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._windows)

    def test(self, item: RateLimitItem, *key: str) -> bool:
        """Tell whether one more would be within the limit."""
        with self._lock:
            return len(self._recent(key, time.monotonic())) < item.amount

    def hit(self, item: RateLimitItem, *key: str) -> bool:
        """Count one when it is within the limit; tell whether it was."""
        with self._lock:
            now = time.monotonic()
            self._forget_some(now)
            if len(self._recent(key, now)) >= item.amount:
                return False
            self._windows.setdefault(key, _Window(item.get_expiry())).times.append(now)
            return True

    def seconds_left(self, item: RateLimitItem, *key: str) -> float:
        """Return how long it is until the oldest one leaves the window."""
        with self._lock:
            now = time.monotonic()
            times = self._recent(key, now)
            return times[0] + item.get_expiry() - now if times else 0.0

    def _recent(self, key: tuple[str, ...], now: float) -> list[float]:
        window = self._windows.get(key)
        return [] if window is None else window.recent(now)

    def _forget_some(self, now: float) -> None:
        for _ in range(min(LOOKED_AT, len(self._windows))):
            key = next(iter(self._windows))
            if self._windows[key].recent(now):
                self._windows.move_to_end(key)
            else:
                del self._windows[key]
