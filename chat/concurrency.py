"""All that touches the green runtime. Everything here works in an unpatched process too.

In the server eventlet has patched `threading`, `time` and `socket`, so locks, events and futures of
the standard library are green already; what is left is to start work and to move work off the event
loop.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

TURN = 0.01  # seconds after which long work lets everybody else have a turn

log = logging.getLogger(__name__)


def is_green() -> bool:
    """Tell whether this process runs on eventlet's patched standard library."""
    if "eventlet" not in sys.modules:
        return False
    from eventlet import patcher

    return bool(patcher.is_monkey_patched("thread"))


def offload(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what would stall the event loop in a real thread and wait for its result."""
    if not is_green():
        return function(*args, **kwargs)
    from eventlet import tpool

    result: T = tpool.execute(function, *args, **kwargs)
    return result


def in_turns(items: Iterable[T]) -> Iterator[T]:
    """Yield the items, and let everybody else have a turn whenever they took long enough."""
    turn_ends = time.monotonic() + TURN
    for item in items:
        yield item
        if time.monotonic() > turn_ends:
            time.sleep(0)
            turn_ends = time.monotonic() + TURN


def spawn(function: Callable[..., Any], *args: Any) -> None:
    """Start `function` beside the caller; what it raises is logged, never lost."""

    def run() -> None:
        try:
            function(*args)
        except Exception:
            log.exception("background task %s failed", getattr(function, "__qualname__", function))

    if is_green():
        import eventlet

        eventlet.spawn_n(run)
    else:
        threading.Thread(target=run, daemon=True).start()
