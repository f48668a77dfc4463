"""Functions that are called again and again, beside the messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Timer:
    seconds: float
    function: Callable[[], object]
    due: float = 0.0


class Timers:
    """When to call what; the first time is at the start."""

    def __init__(self) -> None:
        self._timers: list[_Timer] = []

    def add(self, seconds: float, function: Callable[[], object]) -> None:
        """Call a function every so many seconds."""
        if seconds <= 0:
            raise ValueError("a timer needs a number of seconds above 0")
        self._timers.append(_Timer(seconds, function))

    def restart(self) -> None:
        """Begin anew: all are due."""
        for timer in self._timers:
            timer.due = 0.0

    def take_due(self) -> list[Callable[[], object]]:
        """Return what is to be called now."""
        now = time.monotonic()
        due = [timer for timer in self._timers if timer.due <= now]
        for timer in due:
            timer.due = now + timer.seconds
        return [timer.function for timer in due]

    def next_due(self) -> float | None:
        """Return when the next one is due, by the monotonic clock."""
        return min((timer.due for timer in self._timers), default=None)
