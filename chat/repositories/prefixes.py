"""The first few by a prefix, at a cost that does not grow with how many begin so.

The embedded engine reads all documents of a range before it takes the first of them, under a lock
for which everybody else waits: of 20,000 that is half a second, of 20 a few milliseconds. So where
the first few of a prefix ended is remembered, and the next time it is read up to there.
"""

from __future__ import annotations

import os.path
import threading
from collections.abc import Mapping
from typing import Any

import pymongo
from cachetools import LRUCache

from chat.errors import RateLimited

LAST = "\U0010ffff"  # sorts after all text, so it closes the range of a prefix
KNOWN_ENDS = 10_000
WHOLE_WAIT = 2.0  # seconds for others who read a whole range

Document = dict[str, Any]


class PrefixSearch:
    """Finds documents by the beginning of a field; of whole ranges one is read at a time."""

    def __init__(self) -> None:
        self._ends: LRUCache[tuple[str, str], str] = LRUCache(KNOWN_ENDS)  # by field and prefix
        self._whole = threading.Lock()

    def find(
        self, collection: Any, field: str, prefix: str, limit: int, only: Mapping[str, Any]
    ) -> list[Document]:
        """Return the first documents in the order of a field that begins so, among `only` those.

        Raises RateLimited when too many prefixes are new at once.
        """
        found = self._find_known(collection, field, prefix, limit, only)
        if found is not None:
            return found
        if not self._whole.acquire(timeout=WHOLE_WAIT):
            raise RateLimited(retry_after=1)
        try:
            # Whoever had the lock before may have asked for the same.
            found = self._find_known(collection, field, prefix, limit, only)
            if found is None:
                condition = {**only, field: {"$gte": prefix, "$lt": prefix + LAST}}
                found = _first(collection, condition, field, limit)
                self._learn(found, field, prefix, limit)
            return found
        finally:
            self._whole.release()

    def _find_known(
        self, collection: Any, field: str, prefix: str, limit: int, only: Mapping[str, Any]
    ) -> list[Document] | None:
        """Read up to where the first few ended before; None where that is not enough by now."""
        end = self._ends.get((field, prefix))
        if end is None:
            return None
        condition = {**only, field: {"$gte": prefix, "$lte": end}}
        found = _first(collection, condition, field, limit)
        if len(found) < limit:
            self._ends.pop((field, prefix), None)
            return None
        self._learn(found, field, prefix, limit)
        return found

    def _learn(self, found: list[Document], field: str, prefix: str, limit: int) -> None:
        """Remember where they end, also for the longer prefixes that all of them share."""
        if len(found) < limit:
            return  # few begin so: to read all of them costs little
        keys = [document[field] for document in found]
        shared = os.path.commonprefix([keys[0], keys[-1]])
        for length in range(len(prefix), len(shared) + 1):
            self._ends[field, shared[:length]] = keys[-1]


def _first(collection: Any, condition: Document, field: str, limit: int) -> list[Document]:
    return list(collection.find(condition).sort(field, pymongo.ASCENDING).limit(limit))
