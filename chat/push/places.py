"""The places for pushes under way: few for one user, so that nobody's take those of the others."""

from __future__ import annotations

import threading
from collections import Counter

from cachetools import LRUCache

AT_ONCE = 16
OF_ONE_USER = 2
TURN_MS = 250
WAITING_USERS = 1_000  # whose turns are remembered


class Places:
    """Counts the pushes under way, and gives turns to those that find no place.

    A user may have thousands that wait. Each gets a turn of its own, so that they come again one
    after the other, and not all at once before those of the others.
    """

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()  # by user
        self._turns: LRUCache[str, int] = LRUCache(WAITING_USERS)  # the last one, by user
        self._changed = threading.Condition()

    def free(self) -> int:
        """Return how many places are free."""
        with self._changed:
            return AT_ONCE - self._taken.total()

    def take(self, user_id: str) -> bool:
        """Take a place for a push of a user; return False if the user has too many."""
        with self._changed:
            if self._taken[user_id] >= OF_ONE_USER:
                return False
            self._taken[user_id] += 1
            return True

    def leave(self, user_id: str) -> None:
        """Give a place back."""
        with self._changed:
            self._taken[user_id] -= 1
            if not self._taken[user_id]:
                del self._taken[user_id]
            self._changed.notify_all()

    def turn(self, user_id: str, now: int) -> int:
        """Return when a push that found no place is to look again."""
        with self._changed:
            turn = max(now, self._turns.get(user_id, now)) + TURN_MS
            self._turns[user_id] = turn
            return turn

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until no place is taken; return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._taken, seconds)
