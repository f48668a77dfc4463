"""Whether the database still has the past that this process knows.

After a restore the same place in a room's log may be another message's. What was remembered of the
database is then worse than nothing, and clients have to load anew what they hold.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from chat.repositories.epoch import EpochRepository

SETTLE_SECONDS = 6.0  # by then nothing is under way that began before: everything has a time limit

log = logging.getLogger(__name__)


class Past:
    """Knows the database's epoch. When it is renewed, this process starts over.

    Everything in `start_over` is called once. Everything in `forget` is called then, and once more
    `SETTLE_SECONDS` later: what was under way may have remembered something old again.
    """

    def __init__(
        self,
        epochs: EpochRepository,
        forget: Sequence[Callable[[], None]],
        start_over: Sequence[Callable[[], None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._epochs = epochs
        self._forget = forget
        self._start_over = start_over
        self._clock = clock
        self._epoch: str | None = None
        self._settled_at: float | None = None

    def epoch(self) -> str:
        """Return the epoch of the past that this process knows."""
        if self._epoch is None:
            self._epoch = self._epochs.read()
        return self._epoch

    def check(self) -> bool:
        """Ask the database for its epoch and start over when it is another one; return whether."""
        known, self._epoch = self._epoch, self._epochs.read()
        if known not in (None, self._epoch):
            log.warning("the database was restored: all clients are to come back and load anew")
            self._settled_at = self._clock() + SETTLE_SECONDS
            self._call(self._forget)
            self._call(self._start_over)
            return True
        if self._settled_at is not None and self._clock() >= self._settled_at:
            self._settled_at = None
            self._call(self._forget)
        return False

    def renew(self) -> None:
        """Give the database another epoch, by which all processes notice that it was restored."""
        self._epoch = self._epochs.renew()

    @staticmethod
    def _call(functions: Sequence[Callable[[], None]]) -> None:
        for function in functions:
            function()
