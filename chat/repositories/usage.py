"""The `usage` collection: the bytes that a user or a room has stored in a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo.errors import DuplicateKeyError

from chat.clock import DAY_MS
from chat.database.client import Database
from chat.repositories.documents import date_of


class UsageRepository:
    """Counts by key and day; days are numbered from 1970-01-01 UTC."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, day: int, sizes: Mapping[str, int]) -> dict[str, int]:
        """Add bytes to the counts of a day and return the new counts."""
        expires_at = date_of((day + 2) * DAY_MS)
        for key, size in sizes.items():
            query = {"_id": _id(day, key)}
            update = {"$inc": {"bytes": size}, "$setOnInsert": {"expires_at": expires_at}}
            try:
                self._collection.update_one(query, update, upsert=True)
            except DuplicateKeyError:  # another process inserted it at the same moment
                self._collection.update_one(query, update)
        found = (self._collection.find_one({"_id": _id(day, key)}) for key in sizes)
        return {
            key: int(document["bytes"])
            for key, document in zip(sizes, found, strict=True)
            if document is not None
        }

    @property
    def _collection(self) -> Any:
        return self._database.db["usage"]


def _id(day: int, key: str) -> str:
    return f"{day} {key}"
