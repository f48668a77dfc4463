"""How many transfers of files run at a time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from chat.addresses import network_of, site_of
from chat.errors import RateLimited

RETRY_SECONDS = 2
# From the first share of all slots on, a user may hold a few, so that some are left for others.
CROWDED = 1 / 2
OF_USER_IN_A_CROWD = 4  # what a page asks for at once
OF_NETWORK = 3 / 4  # the share of all that one network may hold, however many accounts it has


class TransferSlots:
    """Counts transfers in progress: so many of one user, of one network and of all.

    Each takes memory for a chunk, for as long as a slow client wants. Without `enabled` nobody is
    refused.
    """

    def __init__(self, of_user: int, of_all: int, enabled: bool = True) -> None:
        self._of_user = of_user
        self._of_all = of_all
        self._enabled = enabled
        self._held: Counter[str] = Counter()  # by user and by network
        self._total = 0
        self._lock = threading.Lock()

    def take(self, user_id: str, address: str) -> Callable[[], None]:
        """Return a function that releases the slot, once; raise RateLimited when none is free."""
        # The owner of an IPv6 /48 has 65,536 networks: they count as one.
        holders = [f"user {user_id}", f"network {site_of(address) or network_of(address)}"]
        with self._lock:
            if self._enabled and self._is_full(*holders):
                raise RateLimited(RETRY_SECONDS)
            self._held.update(holders)
            self._total += 1

        def release() -> None:
            with self._lock:
                self._total -= bool(holders)
                while holders:
                    holder = holders.pop()
                    self._held[holder] -= 1
                    if not self._held[holder]:
                        del self._held[holder]

        return release

    def _is_full(self, user: str, network: str) -> bool:
        is_crowded = self._total >= CROWDED * self._of_all
        of_user = min(self._of_user, OF_USER_IN_A_CROWD) if is_crowded else self._of_user
        return (
            self._total >= self._of_all
            or self._held[user] >= of_user
            or self._held[network] >= OF_NETWORK * self._of_all
        )
