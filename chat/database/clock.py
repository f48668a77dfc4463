"""An estimate of the database's clock, which all processes share, without a query each time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class SharedClock:
    """Estimates the database's clock from this process's monotonic clock.

    When an answer arrives, the database's time is between the answered time and that plus the
    round trip. The estimate is corrected only if it is outside of this range, so a slow answer does
    not shift it.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ahead: float | None = None  # milliseconds: the database's time less the monotonic
        self._lock = threading.Lock()

    def correct(self, told: int, asked_at: float) -> None:
        """Correct the estimate: `told` ms is the database's answer to a query at `asked_at`."""
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
