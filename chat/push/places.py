"""The places for pushes under way: few for one user, so that nobody's take those of the others."""

from __future__ import annotations

import threading
from collections import Counter

AT_ONCE = 16
OF_ONE_USER = 2


class Places:
    """Counts the pushes under way."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()  # by user
        self._changed = threading.Condition()

    def free(self) -> int:
        """Return how many places are free."""
        with self._changed:
            return AT_ONCE - self._taken.total()

    def users_without(self) -> list[str]:
        """Return the users for whom no place is free."""
        with self._changed:
            return [user_id for user_id, taken in self._taken.items() if taken >= OF_ONE_USER]

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

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until no place is taken; return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._taken, seconds)
