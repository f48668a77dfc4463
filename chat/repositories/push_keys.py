"""The key by which push services know this installation: one document in `state`."""

from __future__ import annotations

from typing import Any

from pymongo.errors import DuplicateKeyError

from chat.database.client import Database

KEY = {"_id": "push_key"}


class PushKeyRepository:
    """Stores the sealed key, which all processes share."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self) -> bytes | None:
        """Return the sealed key, or None."""
        found = self._collection.find_one(KEY)
        return None if found is None else bytes(found["sealed"])

    def replace(self, old: bytes | None, sealed: bytes) -> None:
        """Store a key in the place of `old`, unless another process has done so."""
        if old is None:
            try:
                self._collection.insert_one({**KEY, "sealed": sealed})
            except DuplicateKeyError:
                pass
        else:
            self._collection.update_one({**KEY, "sealed": old}, {"$set": {"sealed": sealed}})

    @property
    def _collection(self) -> Any:
        return self._database.db["state"]
