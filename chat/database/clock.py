"""The clock of the database, which all processes share, without asking it each time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class SharedClock:
    """Follows the database's clock by this process's monotonic one.

    Each answer of the database says that its time now lies between the time it named and that plus
    how long the answer took. The estimate is corrected when it does not, so a slow answer does not
    shift it.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ahead: float | None = None  # milliseconds: the database's time less the monotonic
        self._lock = threading.Lock()

    def learn(self, told: int, asked_at: float) -> None:
        """Note which time (ms) the database named when it was asked at that monotonic moment."""
        earliest = told - self._monotonic() * 1000
        latest = told - asked_at * 1000
        with self._lock:
            if self._ahead is None:
                self._ahead = (earliest + latest) / 2
            else:
                self._ahead = min(max(self._ahead, earliest), latest)

    def now_ms(self) -> int | None:
        """Return the database's time in milliseconds since 1970 UTC; None before it was asked."""
        ahead = self._ahead
        return None if ahead is None else round(self._monotonic() * 1000 + ahead)
