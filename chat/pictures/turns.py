"""Whose picture is decoded next."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cachetools import LRUCache

from chat.errors import RateLimited, Unavailable

SLOTS = 2  # workers at a time
WAIT = 60.0  # seconds for a slot
MUCH = 60.0  # seconds of decoding, after which one waits for others without a place in the queue
HALF_LIFE = 600.0  # seconds after which half of what somebody has used is forgotten
RETRY_SECONDS = 60
KNOWN_OWNERS = 10_000


@dataclass(eq=False, slots=True)
class _Waiting:
    owner: str
    ready: threading.Event = field(default_factory=threading.Event)


class DecoderTurns:
    """Gives slots to those whose pictures took the least time lately, one to each owner at a time.

    So a person with a photo waits for no queue of pictures that take long, whoever sends them.
    Without `enabled` everybody may wait.
    """

    def __init__(
        self, enabled: bool = True, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._enabled = enabled
        self._clock = clock
        self._used: LRUCache[str, tuple[float, float]] = LRUCache(KNOWN_OWNERS)  # seconds, as of
        self._waiting: list[_Waiting] = []  # the first one first
        self._decoding: set[str] = set()  # owners
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, owner: str) -> Iterator[None]:
        """Hold a slot, and charge its time to the owner.

        Raises Unavailable after WAIT without a slot, and what `require_may_wait` raises.
        """
        own = self._join(owner)
        began = None
        try:
            own.ready.wait(WAIT)
            if own in self._waiting:
                raise Unavailable()
            began = self._clock()
            yield
        finally:
            self._leave(own, began)

    def require_may_wait(self, owner: str) -> None:
        """Raise RateLimited if others wait and the owner has used more than MUCH."""
        with self._lock:
            self._require_may_wait(owner)

    @property
    def waiting(self) -> int:
        """Return how many pictures wait."""
        return len(self._waiting)

    def _join(self, owner: str) -> _Waiting:
        own = _Waiting(owner)
        with self._lock:
            self._require_may_wait(owner)
            self._waiting.append(own)
            self._serve()
        return own

    def _require_may_wait(self, owner: str) -> None:
        others_wait = any(one.owner != owner for one in self._waiting)
        if self._enabled and others_wait and self._used_by(owner) > MUCH:
            raise RateLimited(RETRY_SECONDS)

    def _leave(self, own: _Waiting, began: float | None) -> None:
        with self._lock:
            if own in self._waiting:
                self._waiting.remove(own)
                return
            now = self._clock()
            used = 0.0 if began is None else now - began
            self._used[own.owner] = (self._used_by(own.owner) + used, now)
            self._decoding.remove(own.owner)
            self._serve()

    def _serve(self) -> None:
        """Give the free slots away; the lock is held."""
        while len(self._decoding) < SLOTS:
            free = [one for one in self._waiting if one.owner not in self._decoding]
            if not free:
                return
            chosen = min(free, key=lambda one: self._used_by(one.owner))
            self._waiting.remove(chosen)
            self._decoding.add(chosen.owner)
            chosen.ready.set()

    def _used_by(self, owner: str) -> float:
        seconds, as_of = self._used.get(owner, (0.0, 0.0))
        return seconds * 0.5 ** ((self._clock() - as_of) / HALF_LIFE)
