"""Prefix search whose cost does not grow with the number of matches.

An engine that reads whole ranges (`Dialect.reads_whole_ranges`) does so under a lock that blocks
everybody: half a second for 20,000 documents, a few milliseconds for 20. There the end of the first
few matches of a prefix is cached, and the next search reads only up to it.
"""

from __future__ import annotations

import os.path
import threading
from collections.abc import Mapping
from typing import Any

import pymongo
from cachetools import LRUCache

from chat.database.client import Database
from chat.errors import RateLimited

LAST = "\U0010ffff"  # sorts after all text, so it closes the range of a prefix
KNOWN_ENDS = 10_000
WHOLE_WAIT = 2.0  # seconds to wait while another thread reads a whole range

Document = dict[str, Any]


class PrefixSearch:
    """Finds documents by a prefix of a field; reads only one whole range at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ends: LRUCache[tuple[str, str], str] = LRUCache(KNOWN_ENDS)  # by field and prefix
        self._whole = threading.Lock()

    def find(
        self, collection: Any, field: str, prefix: str, limit: int, only: Mapping[str, Any]
    ) -> list[Document]:
        """Return the first documents by a field with that prefix, among those that match `only`.

        Raises RateLimited when too many uncached prefixes are searched at once.
        """
        whole = {**only, field: {"$gte": prefix, "$lt": prefix + LAST}}
        if not self._database.dialect.reads_whole_ranges:
            return _first(collection, whole, field, limit)
        found = self._find_known(collection, field, prefix, limit, only)
        if found is not None:
            return found
        if not self._whole.acquire(timeout=WHOLE_WAIT):
            raise RateLimited(retry_after=1)
        try:
            # The previous holder of the lock may have searched the same prefix.
            found = self._find_known(collection, field, prefix, limit, only)
            if found is None:
                found = _first(collection, whole, field, limit)
                self._cache_end(found, field, prefix, limit)
            return found
        finally:
            self._whole.release()

    def _find_known(
        self, collection: Any, field: str, prefix: str, limit: int, only: Mapping[str, Any]
    ) -> list[Document] | None:
        """Read up to the cached end; None if there is none or it has too few matches by now."""
        end = self._ends.get((field, prefix))
        if end is None:
            return None
        condition = {**only, field: {"$gte": prefix, "$lte": end}}
        found = _first(collection, condition, field, limit)
        if len(found) < limit:
            self._ends.pop((field, prefix), None)
            return None
        self._cache_end(found, field, prefix, limit)
        return found

    def _cache_end(self, found: list[Document], field: str, prefix: str, limit: int) -> None:
        """Cache the end of the matches, also for the longer prefixes that all of them share."""
        if len(found) < limit:
            return  # with so few matches a whole range costs little
        keys = [document[field] for document in found]
        shared = os.path.commonprefix([keys[0], keys[-1]])
        for length in range(len(prefix), len(shared) + 1):
            self._ends[field, shared[:length]] = keys[-1]


def _first(collection: Any, condition: Document, field: str, limit: int) -> list[Document]:
    return list(collection.find(condition).sort(field, pymongo.ASCENDING).limit(limit))
