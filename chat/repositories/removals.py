"""People removed from groups: collection `removal`, unique by (room, user)."""

from __future__ import annotations

from collections.abc import Iterator

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from chat.database.client import Database
from chat.repositories.documents import delete_in_pieces, object_id


class RemovalRepository:
    """Removals, each kept until the person is added by name or the group or account is gone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def exists(self, room_id: str, user_id: str) -> bool:
        """Tell whether a person was removed from a group."""
        key = {"room_identity": object_id(room_id), "user_identity": object_id(user_id)}
        return self._database.db["removal"].find_one(key, {"_id": 1}) is not None

    def count_kept_out(self, room_id: str) -> int:
        """Count those who were kept out of a group while they were no members of it."""
        query = {"room_identity": object_id(room_id), "was_member": False}
        return self._database.db["removal"].count_documents(query)

    def list_after(self, removal_id: str, limit: int) -> list[tuple[str, str, str]]:
        """Return the removals after one as (id, room id, user id); the first ones after ""."""
        query = {"_id": {"$gt": object_id(removal_id)}} if removal_id else {}
        found = self._database.db["removal"].find(query).sort("_id", 1).limit(limit)
        return [
            (str(one["_id"]), str(one["room_identity"]), str(one["user_identity"])) for one in found
        ]

    def insert(self, room_id: str, user_id: str, *, was_member: bool) -> bool:
        """Remember a removal; return False for one that is remembered already: it is as of now."""
        key = {"room_identity": ObjectId(room_id), "user_identity": ObjectId(user_id)}
        removals, now = self._database.db["removal"], self._database.now_ms()
        while True:
            try:
                removals.insert_one({**key, "was_member": was_member, "created_at": now})
                return True
            except DuplicateKeyError:
                if removals.update_one(key, {"$set": {"created_at": now}}).matched_count:
                    return False
            # Another process has forgotten it between the two.

    def delete(self, room_id: str, user_id: str, before: int | None = None) -> None:
        """Forget a removal, or only one that was made before a time in milliseconds."""
        key: dict[str, object] = {
            "room_identity": object_id(room_id),
            "user_identity": object_id(user_id),
        }
        if before is not None:
            key["created_at"] = {"$lt": before}
        self._database.db["removal"].delete_one(key)

    def delete_of_room(self, room_id: str, size: int) -> Iterator[int]:
        """Forget all removals of a room; yield after each `size` of them how many there were."""
        query = {"room_identity": object_id(room_id)}
        yield from delete_in_pieces(self._database.db["removal"], query, size)

    def delete_of_user(self, user_id: str) -> None:
        """Forget from which groups a person was removed."""
        self._database.db["removal"].delete_many({"user_identity": object_id(user_id)})
