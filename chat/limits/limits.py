"""Rate limits by rule and key, in moving windows."""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import MovingWindowRateLimiter

from chat.errors import RateLimited, Unavailable
from chat.limits.rules import Rule
from chat.limits.windows import LocalWindows


class Limits:
    """Counts under rules; `enabled=False` counts nothing and refuses nothing.

    `per_minute` overrides the limits of some rules, by name. `shared` is the storage of the shared
    rules. Their keys are hashed under `secret`, because people sometimes type their password as the
    name. When that storage does not answer, every call raises Unavailable.
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
        self._local = LocalWindows()
        self._shared = self._local if shared is None else _SharedWindows(shared, secret)

    def check(self, rule: Rule, key: str) -> None:
        """Raise RateLimited if the limit is reached; count nothing."""
        if self.is_reached(rule, key):
            raise RateLimited(self._seconds_left(rule, key))

    def count(self, rule: Rule, key: str) -> None:
        """Count one, or raise RateLimited if the limit is reached."""
        if not self.try_count(rule, key):
            raise RateLimited(self._seconds_left(rule, key))

    def try_count(self, rule: Rule, key: str) -> bool:
        """Count one unless the limit is reached; return whether it was counted."""
        return not self._enabled or self._windows(rule).hit(self._item(rule), rule.name, key)

    def is_reached(self, rule: Rule, key: str) -> bool:
        """Return whether the limit is reached; count nothing."""
        return self._enabled and not self._windows(rule).test(self._item(rule), rule.name, key)

    def _windows(self, rule: Rule) -> LocalWindows | _SharedWindows:
        return self._shared if rule.shared else self._local

    def _item(self, rule: Rule) -> RateLimitItem:
        return self._items.get(rule.name, rule.item)

    def _seconds_left(self, rule: Rule, key: str) -> int:
        left = self._windows(rule).seconds_left(self._item(rule), rule.name, key)
        return max(1, min(math.ceil(left), self._item(rule).get_expiry()))


class _SharedWindows:
    """Counts in a storage that can fail, under hashed keys."""

    def __init__(self, storage: Storage, secret: str) -> None:
        self._windows = MovingWindowRateLimiter(storage)
        self._outage = storage.base_exceptions
        self._key = hashlib.sha256(b"limits\0" + secret.encode()).digest()

    def test(self, item: RateLimitItem, name: str, key: str) -> bool:
        with self._answering():
            return self._windows.test(item, name, self._hashed(key))

    def hit(self, item: RateLimitItem, name: str, key: str) -> bool:
        with self._answering():
            return self._windows.hit(item, name, self._hashed(key))

    def seconds_left(self, item: RateLimitItem, name: str, key: str) -> float:
        with self._answering():
            stats = self._windows.get_window_stats(item, name, self._hashed(key))
        return stats.reset_time - time.time()

    def _hashed(self, key: str) -> str:
        return hmac.new(self._key, key.encode(), hashlib.sha256).hexdigest()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except self._outage as error:
            raise Unavailable() from error
