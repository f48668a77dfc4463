"""How long to wait before the next try."""

from __future__ import annotations

import random
from collections.abc import Iterator


def backoff(first: float = 0.5, most: float = 30.0) -> Iterator[float]:
    """Yield waiting times in seconds for ever, each drawn from a range that doubles up to `most`.

    They are random, so that a thousand bots do not come back to a restarted server all at once.
    """
    span = first
    while True:
        yield random.uniform(span / 2, span)
        span = min(span * 2, most)
