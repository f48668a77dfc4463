"""The resources of processes, read from Linux."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Mapping
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class Usage:
    """The shares of a core that some processes and this one use from now on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        self._own_before = time.process_time()
        self._started = time.perf_counter()

    def shares(self) -> dict[str, float]:
        """Return the shares by the names of the processes; `generator` is this process."""
        taken = time.perf_counter() - self._started
        shares = {
            name: (cpu_seconds(pid) - self._before[name]) / taken
            for name, pid in self._pids.items()
        }
        return {**shares, "generator": (time.process_time() - self._own_before) / taken}


def resident_bytes(pid: int) -> int:
    """Return the bytes of a process that are in memory now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def open_files(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def allow_open_files() -> int:
    """Raise this process's limit of open files, which children inherit, and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
