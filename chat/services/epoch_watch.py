"""Detecting that the database was restored, by its epoch.

After a restore, another message may have the same seq. So this process must drop its caches, and
clients must reload.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from chat.repositories.epoch import EpochRepository

SETTLE_SECONDS = 6.0  # longer than the time limit of any operation that began before the restore

log = logging.getLogger(__name__)


class EpochWatch:
    """Holds the database's epoch. When it changes, this process drops its state.

    Then the functions in `forget` and `start_over` are called. Those in `forget` are called again
    after `SETTLE_SECONDS`, because operations under way may have cached old values.
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
        """Return the epoch to which this process's state belongs."""
        if self._epoch is None:
            self._epoch = self._epochs.read()
        return self._epoch

    def check(self) -> bool:
        """Read the database's epoch; if it changed, drop the state of this process.

        Returns whether it changed.
        """
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
        """Give the database a new epoch, so that all processes notice the restore."""
        self._epoch = self._epochs.renew()

    @staticmethod
    def _call(functions: Sequence[Callable[[], None]]) -> None:
        for function in functions:
            function()
