"""How long something took, without the time in which this machine had no processor for it.

A promise of so many seconds ends at the machine: a process without processor time answers later.
Tests run beside each other on few processors, so what those who keep a promise, and the test that
looks, spent waiting for one is taken off: next to nothing on a quiet machine, at most half on any.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from harness.servers import Server

PROC = Path("/proc")
STOLEN = 8  # the place in /proc/stat of what other machines on the same hardware took

Waits = dict[tuple[int, str], float]  # seconds, by process and thread


class Took(NamedTuple):
    """How long something took."""

    elapsed: float
    seconds: float  # without what was waited for a processor


class Stopwatch:
    """Runs from now on, for this process and for servers with their databases."""

    def __init__(self, *servers: Server) -> None:
        self._servers = servers
        self._before = self._waits()
        self._seen = dict(self._before)
        self._stolen = _stolen()
        self._began = time.monotonic()

    def seconds(self) -> float:
        """Return how long it has been running, without what was waited for a processor."""
        return self.took().seconds

    def took(self, since: float | None = None, until: float | None = None) -> Took:
        """Return how long it has been running, or what passed between two moments meanwhile."""
        until = time.monotonic() if until is None else until
        elapsed = until - (self._began if since is None else since)
        return Took(elapsed, max(elapsed / 2, elapsed - self.waited()))

    def waited(self) -> float:
        """Return how long a processor was waited for.

        One process waits for the other, so theirs add up; of each counts the thread that waited
        longest. Who has ended meanwhile counts with what was last seen.
        """
        self._seen.update(self._waits())
        longest: dict[int, float] = {}
        for (pid, thread), seconds in self._seen.items():
            here = seconds - self._before.get((pid, thread), 0.0)
            longest[pid] = max(longest.get(pid, 0.0), here)
        return sum(longest.values()) + _stolen() - self._stolen

    def _waits(self) -> Waits:
        waits: Waits = {}
        for pid in {os.getpid(), *(pid for server in self._servers for pid in server.processes())}:
            with suppress(OSError):  # it has just ended
                for thread in os.listdir(PROC / str(pid) / "task"):
                    fields = (PROC / str(pid) / "task" / thread / "schedstat").read_text().split()
                    waits[pid, thread] = int(fields[1]) / 1e9
        return waits


def _stolen() -> float:
    """Return how long a processor of this machine has been somebody else's, on average."""
    try:
        ticks = int((PROC / "stat").read_text().split(maxsplit=STOLEN + 1)[STOLEN])
    except OSError:
        return 0.0
    return ticks / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1)
