"""Time as it is stored: milliseconds since 1970 UTC."""

from __future__ import annotations

import time

DAY_MS = 24 * 60 * 60 * 1000


def now_ms() -> int:
    """Return the present by the clock of this machine."""
    return time.time_ns() // 1_000_000
