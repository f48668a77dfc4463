"""How much memory something asks for."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import NamedTuple


class Memory(NamedTuple):
    """Bytes that are still held after a call, and the most that were held during it."""

    held: int
    peak: int


def least_memory(call: Callable[[], object], times: int = 3) -> Memory:
    """Call it several times and return the least it took.

    The other threads of this process, of which any may ask for memory meanwhile, are measured too.
    """
    found = []
    for _ in range(times):
        tracemalloc.start()
        try:
            call()
            found.append(Memory(*tracemalloc.get_traced_memory()))
        finally:
            tracemalloc.stop()
    return Memory(min(one.held for one in found), min(one.peak for one in found))
