"""Count open connections: in all, of each caller, and of each site."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable

SITE_FACTOR = 3  # times what one network of it may have: a /48 of IPv6 has 65,536


class ConnectionLimiter:
    """Up to `limit` connections at a time, and up to `limit_of_one` of one caller.

    A caller is the name that `caller_of` gives to an address; None may have all there are. The
    callers of one site, by `site_of`, may have SITE_FACTOR times as many together.
    """

    def __init__(
        self,
        limit: int,
        limit_of_one: int = sys.maxsize,
        caller_of: Callable[[str], str | None] = lambda _: None,
        site_of: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self.limit = limit
        self._names_of = (caller_of, limit_of_one), (site_of, limit_of_one * SITE_FACTOR)
        self._open = 0
        self._open_of: Counter[str] = Counter()  # by caller and site

    def acquire(self, address: str) -> bool:
        """Count a connection from an address if there is room for it."""
        counted = self._counted(address)
        if self._open >= self.limit:
            return False
        if any(self._open_of[name] >= limit for name, limit in counted):
            return False
        self._open_of.update(name for name, _ in counted)
        self._open += 1
        return True

    def release(self, address: str) -> None:
        """Stop counting a connection that was acquired, because it has ended."""
        self._open -= 1
        for name, _ in self._counted(address):
            self._open_of[name] -= 1
            if not self._open_of[name]:
                del self._open_of[name]

    def _counted(self, address: str) -> list[tuple[str, int]]:
        """Return the names under which an address counts, and how many each may have."""
        found = ((name_of(address), limit) for name_of, limit in self._names_of)
        return [(name, limit) for name, limit in found if name is not None]
