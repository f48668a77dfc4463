"""The leases of this process: it works for the consumers that nobody else works for."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection

from chat.database.client import time_limit
from chat.repositories.consumers import ConsumerRepository, ConsumerState

# Seconds after which another process may take the lease of one that died. It looks once a second,
# so a lease moves within 15 seconds.
LEASE = 12.0
RENEW = 3.0
# A holder stops so long before others may take its lease: for the round under way.
MARGIN = 3.0


class Leases:
    """Takes leases that are free or expired, and renews them. `clock` is the database's, in ms."""

    def __init__(
        self,
        repository: ConsumerRepository,
        clock: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._monotonic = monotonic
        self._holder = secrets.token_hex(8)
        self._held: dict[str, ConsumerState] = {}
        self._valid_until = 0.0  # of all held ones, by the monotonic clock
        self._renewed_at = float("-inf")
        self._lock = threading.Lock()

    def held(self, name: str) -> ConsumerState | None:
        """Return the state of a consumer that this process works for, else None."""
        return self._held.get(name) if self._monotonic() < self._valid_until else None

    @property
    def holds_any(self) -> bool:
        """Return whether this process works for a consumer."""
        return bool(self._held) and self._monotonic() < self._valid_until

    def refresh(self, names: Collection[str]) -> None:
        """Renew what is held and take what is free; call it once a second."""
        with self._lock:
            began = self._monotonic()
            if self._held and began - self._renewed_at >= RENEW:
                self._repository.renew(self._held, self._holder)
                self._renewed_at = began
            states = self._repository.find_all(names)
            if len(states) < len(names):
                self._repository.insert_missing(names)
                states = self._repository.find_all(names)
            held = {}
            for name, state in states.items():
                if state.holder == self._holder and (name in self._held):
                    held[name] = state
                elif self._is_free(state):
                    taken = self._repository.take(state, self._holder)
                    if taken is not None:
                        held[name] = taken
            # What was just taken is valid for longer than the rest.
            since = self._renewed_at if self._held.keys() & held.keys() else began
            self._renewed_at = since
            self._held, self._valid_until = held, since + LEASE - MARGIN

    def start_over(self) -> None:
        """Forget what is held: the database was restored, and knows other holders."""
        with self._lock:
            self._held = {}
            self._holder = secrets.token_hex(8)

    def release(self, seconds: float) -> None:
        """Give up everything, so that another process can go on at once.

        A database that does not answer in this time may leave the leases to expire.
        """
        if not self._lock.acquire(timeout=seconds):
            return  # a refresh waits for the database
        try:
            held, self._held = self._held, {}
            with time_limit(seconds):
                self._repository.release(held, self._holder)
        finally:
            self._lock.release()

    def _is_free(self, state: ConsumerState) -> bool:
        if not state.holder or state.holder == self._holder:
            return True
        # A time far ahead was written while the database's clock was ahead.
        return abs(self._clock() - state.seen_at) > LEASE * 1000
