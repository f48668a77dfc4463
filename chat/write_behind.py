"""Write-behind: values that change often are written once per interval, the newest of each key."""

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

# Seconds for all pauses of a round; longer ones would delay pushes by other processes.
MAX_DELAY = 1.0
PAUSE_FACTOR = 3.0  # pause / duration of the last chunk, so that live traffic goes first
CHUNK = 16  # values per write: on the embedded database, sends wait for the write
LAST_CHUNK = 128  # values per write of `flush`, at the end of the process

log = logging.getLogger(__name__)


class WriteBehind(Generic[K, V]):
    """Collects values by key and passes them to `write` after `delay` seconds.

    A round writes all values that wait at its start, in chunks. It pauses between them, for
    `pause_factor` times the duration of the last chunk, but for at most `max_delay` seconds in all.
    Values that the database did not answer to are kept and tried again, unless newer ones were put.
    Values that it refuses are dropped, because it would refuse them again.
    """

    def __init__(
        self,
        delay: float,
        write: Callable[[dict[K, V]], None],
        max_delay: float = MAX_DELAY,
        pause_factor: float = PAUSE_FACTOR,
    ) -> None:
        self._delay = delay
        self._max_delay = max(delay, max_delay)
        self._pause_factor = pause_factor
        self._write = write
        self._values: OrderedDict[K, V] = OrderedDict()
        self._clears = 0
        self._scheduled = False
        self._is_away = False  # the database did not answer the last write
        self._lock = threading.Lock()
        self._flushing = threading.Lock()

    def __len__(self) -> int:
        """Return how many values wait."""
        return len(self._values)

    def put(self, key: K, value: V) -> None:
        """Schedule a value to be written for a key."""
        with self._lock:
            self._values[key] = value
            if self._scheduled:
                return
            self._scheduled = True
        spawn(self._write_rounds)

    def clear(self) -> None:
        """Drop all waiting values, also those of a write that is running now and will fail."""
        with self._lock:
            self._values.clear()
            self._clears += 1

    def flush(self) -> bool:
        """Write everything now; return False when something could not be written."""
        written = True
        while self._values:
            written = self._write_chunk(LAST_CHUNK) and written
            if self._is_away:
                return False
        with self._flushing:  # wait for a chunk that another thread is writing
            return written and not self._values

    def _write_chunk(self, size: int) -> bool:
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
        """Write all values that wait now; return the seconds until the next round."""
        chunks = -(-len(self._values) // CHUNK)
        pause = 0.0
        for _ in range(chunks):
            time.sleep(pause)
            began = time.monotonic()
            if not self._write_chunk(CHUNK):
                return min(2 * self._delay, self._max_delay)
            pause = min(self._pause_factor * (time.monotonic() - began), self._max_delay / chunks)
        return max(self._delay, pause)
