"""What clients here were told lately that the reconciler finds too: profiles, requests."""

from __future__ import annotations

from typing import Any

from cachetools import LRUCache

MAX_PUSHES = 10_000  # many more than come while the reconciler looks back


class RecentPushes:
    """Keeps the reconciler from telling once more what was told already."""

    def __init__(self) -> None:
        self._pushed: LRUCache[str, dict[str, Any]] = LRUCache(MAX_PUSHES)  # by id, as it was pushed

    def record(self, pushed: dict[str, Any]) -> None:
        """Note a user or a membership request as pushed."""
        self._pushed[pushed["id"]] = pushed

    def clear(self) -> None:
        """Forget all."""
        self._pushed.clear()

    def is_current(self, dumped: dict[str, Any]) -> bool:
        """Tell whether this is how it was pushed last."""
        return self._pushed.get(dumped["id"]) == dumped

    def has_id(self, pushed_id: str) -> bool:
        """Tell whether anything of that id was pushed."""
        return pushed_id in self._pushed
