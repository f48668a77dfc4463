"""What clients here were told lately that the reconciler finds too: profiles, requests."""

from __future__ import annotations

from typing import Any

from cachetools import LRUCache

KNOWN = 10_000  # many more than come while the reconciler looks back


class RecentPushes:
    """Keeps the reconciler from telling once more what was told already."""

    def __init__(self) -> None:
        self._told: LRUCache[str, dict[str, Any]] = LRUCache(KNOWN)  # by id, as it was pushed

    def note(self, pushed: dict[str, Any]) -> None:
        """Note a user or a membership request as pushed."""
        self._told[pushed["id"]] = pushed

    def clear(self) -> None:
        """Forget all."""
        self._told.clear()

    def is_told(self, dumped: dict[str, Any]) -> bool:
        """Tell whether this is how it was pushed last."""
        return self._told.get(dumped["id"]) == dumped

    def has(self, pushed_id: str) -> bool:
        """Tell whether anything of that id was pushed."""
        return pushed_id in self._told
