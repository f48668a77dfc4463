"""Write-behind: values that change often are written once per interval, the newest of each key."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from chat.concurrency import spawn
from chat.database.dialects import Pacing
from chat.logs import REPEATS
from chat.repositories.outages import is_outage, reason_of

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# What costs every engine little; longer pauses would delay pushes by other processes.
GENTLE = Pacing(chunk=16, pause_factor=3.0, max_seconds=1.0)
LAST_CHUNK = 128  # values per write of `flush`, at the end of the process

log = logging.getLogger(__name__)


class WriteBehind(Generic[K, V]):
    """Collects values by key and passes them to `write` after `delay` seconds.

    A round writes all values that wait at its start, in chunks with pauses between them, by the
    `pacing` that it asks for at its start.
    Values that the database did not answer to are kept and tried again, unless newer ones were put.
    Values that it refuses are dropped, because it would refuse them again.
    """

    def __init__(
        self,
        delay: float,
        write: Callable[[dict[K, V]], None],
        pacing: Callable[[], Pacing] = lambda: GENTLE,
    ) -> None:
        self._delay = delay
        self._pacing = pacing
        self._write = write
        self._values: OrderedDict[K, V] = OrderedDict()
        self._clears = 0
        self._scheduled = False
        self._is_away = False  # the database did not answer the last write
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._flushed = threading.Event()  # so that the next round waits for nothing

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
            self._flushed.clear()
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
            if self._values:
                return False
        self._flushed.set()
        return written

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
            self._flushed.wait(pause)
            self._flushed.clear()
            pause = self._write_round()
            with self._lock:
                if not self._values:
                    self._scheduled = False
                    return

    def _write_round(self) -> float:
        """Write all values that wait now; return the seconds until the next round."""
        if not self._values:  # `flush` has written them
            return self._delay
        pacing = self._pacing()
        longest = max(self._delay, pacing.max_seconds)
        chunks = -(-len(self._values) // pacing.chunk)
        pause = 0.0
        for _ in range(chunks):
            time.sleep(pause)
            began = time.monotonic()
            if not self._write_chunk(pacing.chunk):
                return min(2 * self._delay, longest)
            pause = min(pacing.pause_factor * (time.monotonic() - began), longest / chunks)
        return max(self._delay, pause)
