"""The database's epoch, a random string that changes with a restore: collection `state`."""

from __future__ import annotations

import secrets
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from chat.database.client import Database

KEY = {"_id": "epoch"}


class EpochRepository:
    """Stores the epoch. All processes of a database read the same; a restore renews it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> str:
        """Return the epoch; create one if there is none, as after a restore of an older backup."""
        while True:
            found = self._collection.find_one(KEY)
            if found is not None:
                return str(found["value"])
            try:
                self._set("$setOnInsert")
            except DuplicateKeyError:  # another process was first
                continue

    def renew(self) -> str:
        """Replace the epoch by a new one and return it."""
        return self._set("$set")

    def _set(self, operator: str) -> str:
        # `find_one_and_update`, so that concurrent callers each get the stored value. An engine
        # may read the whole collection for it, which has one document.
        document = self._collection.find_one_and_update(
            KEY,
            {operator: {"value": secrets.token_hex(16)}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return str(document["value"])

    @property
    def _collection(self) -> Any:
        return self._database.db["state"]
