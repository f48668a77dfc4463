"""Write often-changing values seldom: the newest value of each key, once in an interval."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from chat.concurrency import spawn
from chat.logs import REPEATS
from chat.repositories.outages import is_outage, reason_of

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MAX_DELAY = (
    1.0  # seconds that all rests of a round take, or what was stored is pushed late elsewhere
)
REST = 3.0  # as often as a piece took, it waits before the next: people are served first
PIECE = 16  # values written at once: on the embedded database who talks waits for as long
LAST_PIECE = 128  # as nobody is served any more

log = logging.getLogger(__name__)


class WriteBehind(Generic[K, V]):
    """Collects values by key and hands them to `write` after `delay` seconds.

    A round writes what waits as it begins, in pieces, and rests between them: `rest` times as long
    as a piece took, `max_delay` seconds in all. What the database did not answer to is kept, unless
    something newer came, and tried again. What it refuses is dropped: it would be refused for ever.
    """

    def __init__(
        self,
        delay: float,
        write: Callable[[dict[K, V]], None],
        max_delay: float = MAX_DELAY,
        rest: float = REST,
    ) -> None:
        self._delay = delay
        self._max_delay = max(delay, max_delay)
        self._rest = rest
        self._write = write
        self._values: OrderedDict[K, V] = OrderedDict()
        self._clears = 0
        self._scheduled = False
        self._is_away = False  # the database, when it was last written to
        self._lock = threading.Lock()
        self._flushing = threading.Lock()

    def __len__(self) -> int:
        """Return how many values wait."""
        return len(self._values)

    def put(self, key: K, value: V) -> None:
        """Note the value that shall be written for the key."""
        with self._lock:
            self._values[key] = value
            if self._scheduled:
                return
            self._scheduled = True
        spawn(self._write_rounds)

    def clear(self) -> None:
        """Drop what waits, also what is being written now and will not have been."""
        with self._lock:
            self._values.clear()
            self._clears += 1

    def flush(self) -> bool:
        """Write everything now; return False when something could not be written."""
        written = True
        while self._values:
            written = self._flush_piece(LAST_PIECE) and written
            if self._is_away:
                return False
        with self._flushing:  # what was taken before is written, too
            return written and not self._values

    def _flush_piece(self, size: int) -> bool:
        with self._flushing:
            with self._lock:
                size = min(size, len(self._values))
                values = dict(self._values.popitem(last=False) for _ in range(size))
                clears = self._clears
            self._is_away = False
            try:
                if values:
                    self._write(values)
            except Exception as error:
                if not is_outage(error):
                    log.exception("could not write %d values", len(values))
                    return False
                self._is_away = True
                with self._lock:
                    if self._clears == clears:
                        self._values = OrderedDict({**values, **self._values})
                log.warning(
                    "the database did not answer, values wait for it: %s",
                    reason_of(error),
                    extra=REPEATS,
                )
                return False
        return True

    def _write_rounds(self) -> None:
        pause = self._delay
        while True:
            time.sleep(pause)
            pause = self._write_round()
            with self._lock:
                if not self._values:
                    self._scheduled = False
                    return

    def _write_round(self) -> float:
        """Write what waits now and return the seconds until the next round."""
        pieces = -(-len(self._values) // PIECE)
        rest = 0.0
        for _ in range(pieces):
            time.sleep(rest)
            began = time.monotonic()
            if not self._flush_piece(PIECE):
                return min(2 * self._delay, self._max_delay)
            rest = min(self._rest * (time.monotonic() - began), self._max_delay / pieces)
        return max(self._delay, rest)
