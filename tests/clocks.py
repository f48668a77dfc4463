"""A clock for what a test does not want to wait for."""

from __future__ import annotations

from typing import Generic, TypeVar

N = TypeVar("N", int, float)


class Clock(Generic[N]):
    """Stands still until `now` is changed; in the unit of whoever reads it."""

    def __init__(self, now: N) -> None:
        self.now: N = now

    def __call__(self) -> N:
        return self.now
