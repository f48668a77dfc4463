"""Users removed from groups: collection `removal`, unique by (room, user)."""

from __future__ import annotations

from collections.abc import Iterator

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from chat.database.client import Database
from chat.repositories.documents import delete_in_pieces, object_id


class RemovalRepository:
    """Stores a removal until the user is added by name, or the group or account is deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def exists(self, room_id: str, user_id: str) -> bool:
        """Return whether a user was removed from a group."""
        key = {"room_identity": object_id(room_id), "user_identity": object_id(user_id)}
        return self._database.db["removal"].find_one(key, {"_id": 1}) is not None

    def count_banned(self, room_id: str) -> int:
        """Count the users of a group who were banned while they were no members."""
        query = {"room_identity": object_id(room_id), "was_member": False}
        return self._database.db["removal"].count_documents(query)

    def list_after(self, removal_id: str, limit: int) -> list[tuple[str, str, str]]:
        """Return the removals after an id, or the first ones after "", as (id, room, user) ids."""
        query = {"_id": {"$gt": object_id(removal_id)}} if removal_id else {}
        found = self._database.db["removal"].find(query).sort("_id", 1).limit(limit)
        return [
            (str(one["_id"]), str(one["room_identity"]), str(one["user_identity"])) for one in found
        ]

    def insert(self, room_id: str, user_id: str, *, was_member: bool) -> bool:
        """Store a removal with the present time; return False if it existed already."""
        key = {"room_identity": ObjectId(room_id), "user_identity": ObjectId(user_id)}
        removals, now = self._database.db["removal"], self._database.now_ms()
        while True:
            try:
                removals.insert_one({**key, "was_member": was_member, "created_at": now})
                return True
            except DuplicateKeyError:
                if removals.update_one(key, {"$set": {"created_at": now}}).matched_count:
                    return False
            # Another process deleted it between the two writes.

    def delete(self, room_id: str, user_id: str, before: int | None = None) -> None:
        """Delete a removal; with `before`, only one from before that time in milliseconds."""
        key: dict[str, object] = {
            "room_identity": object_id(room_id),
            "user_identity": object_id(user_id),
        }
        if before is not None:
            key["created_at"] = {"$lt": before}
        self._database.db["removal"].delete_one(key)

    def delete_of_room(self, room_id: str) -> Iterator[int]:
        """Delete all removals of a room in pieces; yield the count of each."""
        query = {"room_identity": object_id(room_id)}
        yield from delete_in_pieces(self._database, "removal", query)

    def delete_of_user(self, user_id: str) -> None:
        """Delete all removals of a user."""
        self._database.db["removal"].delete_many({"user_identity": object_id(user_id)})
