"""Blocks between users: collection `block`, unique by (user, blocked)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from chat.database.client import Database
from chat.repositories.documents import delete_found, object_id


class BlockRepository:
    """Stores blocks. A direct room has a copy of those of its members in `room.blocked_by`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, user_id: str, blocked_id: str) -> None:
        """Store that a user blocks another. Idempotent."""
        document = {
            "user_identity": ObjectId(user_id),
            "blocked_identity": ObjectId(blocked_id),
            "created_at": self._database.now_ms(),
        }
        with suppress(DuplicateKeyError):
            self._collection.insert_one(document)

    def delete(self, user_id: str, blocked_id: str) -> None:
        """Delete a block, if there is one."""
        self._collection.delete_one(_pair(user_id, blocked_id))

    def count_blocked(self, user_id: str) -> int:
        """Count the users whom a user blocks."""
        return int(self._collection.count_documents({"user_identity": object_id(user_id)}))

    def list_blocked(self, user_id: str) -> list[str]:
        """Return the ids of the users whom a user blocks, the newest block first."""
        cursor = self._collection.find({"user_identity": object_id(user_id)})
        found = sorted(cursor, key=lambda one: (one["created_at"], one["_id"]), reverse=True)
        return [str(one["blocked_identity"]) for one in found]

    def find_blockers(self, user_id: str, other_id: str) -> list[str]:
        """Return the ids of those of two users who block the other."""
        return [
            one
            for one, other in ((user_id, other_id), (other_id, user_id))
            if self._collection.find_one(_pair(one, other), {"_id": 1}) is not None
        ]

    def delete_of_user(self, user_id: str) -> None:
        """Delete all blocks by and of a user."""
        for field in ("user_identity", "blocked_identity"):
            delete_found(self._database, "block", {field: object_id(user_id)})

    @property
    def _collection(self) -> Any:
        return self._database.db["block"]


def _pair(user_id: str, blocked_id: str) -> dict[str, Any]:
    return {"user_identity": object_id(user_id), "blocked_identity": object_id(blocked_id)}
