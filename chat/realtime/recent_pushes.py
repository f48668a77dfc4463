"""Profiles and membership requests that were pushed lately, and that the reconciler finds too."""

from __future__ import annotations

from typing import Any

from cachetools import LRUCache

MAX_PUSHES = 10_000  # many more than arrive within the reconciler's LOOK_BACK


class RecentPushes:
    """Keeps the reconciler from pushing the same user or membership request again."""

    def __init__(self) -> None:
        self._pushed: LRUCache[str, dict[str, Any]] = LRUCache(
            MAX_PUSHES
        )  # by id, as it was pushed

    def record(self, pushed: dict[str, Any]) -> None:
        """Record a pushed user or membership request, as it was dumped."""
        self._pushed[pushed["id"]] = pushed

    def clear(self) -> None:
        """Forget all pushes."""
        self._pushed.clear()

    def is_current(self, dumped: dict[str, Any]) -> bool:
        """Return whether the last push with this id was equal."""
        return self._pushed.get(dumped["id"]) == dumped

    def has_id(self, pushed_id: str) -> bool:
        """Return whether something with this id was pushed."""
        return pushed_id in self._pushed
