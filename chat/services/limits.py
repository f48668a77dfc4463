"""How often something may be tried: moving windows.

Wrong passwords and codes are counted by all processes together, and beyond restarts. What happens
with every message must not cost a query: that is counted by each process for itself.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage, Storage
from limits.strategies import MovingWindowRateLimiter

from chat.errors import RateLimited, Unavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rule:
    """At most so many in a window, for each key; `shared` by all processes."""

    name: str
    item: RateLimitItem
    shared: bool = False


CODES_PER_EMAIL = Rule("code-email", RateLimitItemPerHour(3), shared=True)
CODES_PER_ADDRESS = Rule("code-address", RateLimitItemPerHour(100), shared=True)
# Few for an account from one caller, so that a stranger can not lock anybody out; more in all.
FAILED_LOGINS_PER_ACCOUNT = Rule("login-account", RateLimitItemPerMinute(5, 5), shared=True)
FAILED_LOGINS_FROM_ANYWHERE = Rule("login-anywhere", RateLimitItemPerMinute(50, 5), shared=True)
FAILED_LOGINS_PER_ADDRESS = Rule("login-address", RateLimitItemPerMinute(50, 5), shared=True)
# By user, as many as the setting of that name says.
MESSAGES = Rule("MESSAGES_PER_MINUTE", RateLimitItemPerMinute(600))
JOINS = Rule("JOINS_PER_MINUTE", RateLimitItemPerMinute(30))
SEARCHES = Rule("SEARCHES_PER_MINUTE", RateLimitItemPerMinute(120))
CONNECTIONS = Rule("CONNECTIONS_PER_MINUTE", RateLimitItemPerMinute(300))
ROOMS = Rule("ROOMS_PER_MINUTE", RateLimitItemPerMinute(30))
CONFIGURABLE = (MESSAGES, JOINS, SEARCHES, CONNECTIONS, ROOMS)


class Limits:
    """Counts under rules; `enabled=False` counts nothing and refuses nothing.

    `per_minute` has other amounts for some rules, by name. `shared` is where the rules count that
    are shared, in keys hashed under `secret`: what people type as a name may be their password.
    When it does not answer, Unavailable is raised and nobody gets through.
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        per_minute: Mapping[str, int] | None = None,
        shared: Storage | None = None,
        secret: str = "",
    ) -> None:
        self._enabled = enabled
        self._items = {
            name: RateLimitItemPerMinute(amount) for name, amount in (per_minute or {}).items()
        }
        self._shared = None if shared is None else MovingWindowRateLimiter(shared)
        self._outage = () if shared is None else shared.base_exceptions
        self._key = hashlib.sha256(b"limits\0" + secret.encode()).digest()
        self._own: MovingWindowRateLimiter | None = None
        self._ends: OrderedDict[tuple[Rule, str], float] = OrderedDict()

    def check(self, rule: Rule, key: str) -> None:
        """Raise RateLimited when the next one would be too many; count nothing."""
        if self._enabled and not self._ask(rule, key, lambda windows: windows.test):
            raise RateLimited(self._seconds_left(rule, key))

    def count(self, rule: Rule, key: str) -> None:
        """Count one, or raise RateLimited when it is too many."""
        if not self._enabled:
            return
        if not self._ask(rule, key, lambda windows: windows.hit):
            raise RateLimited(self._seconds_left(rule, key))
        if self._windows(rule) is self._own:
            self._forget_old()
            self._ends[rule, key] = time.monotonic() + self._item(rule).get_expiry()
            self._ends.move_to_end((rule, key))

    def _ask(
        self, rule: Rule, key: str, verb: Callable[[MovingWindowRateLimiter], Callable[..., T]]
    ) -> T:
        windows = self._windows(rule)
        if windows is not self._shared:
            return verb(windows)(self._item(rule), rule.name, key)
        hashed = hmac.new(self._key, key.encode(), hashlib.sha256).hexdigest()
        try:
            return verb(windows)(self._item(rule), rule.name, hashed)
        except self._outage as error:
            raise Unavailable() from error

    def _windows(self, rule: Rule) -> MovingWindowRateLimiter:
        if rule.shared and self._shared is not None:
            return self._shared
        # made on first use: the storage starts a thread
        if self._own is None:
            self._own = MovingWindowRateLimiter(MemoryStorage())
        return self._own

    def _item(self, rule: Rule) -> RateLimitItem:
        return self._items.get(rule.name, rule.item)

    def _seconds_left(self, rule: Rule, key: str) -> int:
        stats = self._ask(rule, key, lambda windows: windows.get_window_stats)
        return max(1, math.ceil(stats.reset_time - time.time()))

    def _forget_old(self) -> None:
        """Drop keys whose window is over: the storage empties their lists but keeps the keys."""
        now = time.monotonic()
        for (rule, key), end in list(self._ends.items())[:2]:  # two for each one added: it shrinks
            if end <= now:
                del self._ends[rule, key]
                self._windows(rule).clear(self._item(rule), rule.name, key)


def network_of(address: str) -> str:
    """Return what counts as one caller: an IPv4 address, or the /64 that an IPv6 user owns."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
