"""Processes that stand still for a while, as if their machine had no time for them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STOPPED = "T"
WITHIN = 10.0  # seconds; no test's promise


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """Let a process stand still for this block, which begins when all its threads do."""
    os.kill(pid, signal.SIGSTOP)
    try:
        deadline = time.monotonic() + WITHIN
        while any(state != STOPPED for state in states(pid)):
            assert time.monotonic() < deadline, f"process {pid} goes on"
            time.sleep(0.001)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def states(pid: int) -> list[str]:
    """Return the states of the threads of a process, as `/proc` names them."""
    texts = [stat.read_text() for stat in Path(f"/proc/{pid}/task").glob("*/stat")]
    return [text.rpartition(")")[2].split()[0] for text in texts]
