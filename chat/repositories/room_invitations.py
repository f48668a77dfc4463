"""Invitations to groups: collection `room_invitation`. Tokens are stored as hashes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId

from chat.database.client import Database
from chat.models import RoomInvitation
from chat.repositories.documents import date_of, delete_in_pieces, milliseconds_of, object_id


class RoomInvitationRepository:
    """Stores invitations until they expire. `now` is in milliseconds by the database's clock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(
        self, *, room_id: str, user_id: str, token_hash: str, uses: int, now: int, expires_at: int
    ) -> RoomInvitation:
        """Store a new invitation by a user and return it."""
        document = {
            "_id": ObjectId(),
            "room_identity": ObjectId(room_id),
            "user_identity": ObjectId(user_id),
            "token_hash": token_hash,
            "uses_left": uses,
            "used_by": [],
            "created_at": now,
            "expires_at": date_of(expires_at),
        }
        self._collection.insert_one(document)
        return _invitation(document)

    def find_by_hash(self, token_hash: str, now: int) -> RoomInvitation | None:
        """Return the invitation of a token, used up or not, or None if it has expired."""
        document = self._collection.find_one({"token_hash": token_hash, **_unexpired(now)})
        return _invitation(document) if document else None

    def list_of_room(self, room_id: str, now: int) -> list[RoomInvitation]:
        """Return the invitations of a room that are neither expired nor used up, oldest first.

        Their `used_by` is empty, because it may hold a thousand users for each.
        """
        query = {"room_identity": object_id(room_id), "uses_left": {"$gt": 0}, **_unexpired(now)}
        found = map(_invitation, self._collection.find(query, {"used_by": 0}))
        return sorted(found, key=lambda invitation: (invitation.created_at, invitation.id))

    def spend_use(self, invitation_id: str, user_id: str, now: int) -> bool:
        """Spend one use atomically; return whether the user may enter.

        A user spends only one: a second entry, after a failure or after leaving, needs no other.
        """
        only = {"_id": object_id(invitation_id), **_unexpired(now)}
        user = object_id(user_id)
        taken = self._collection.update_one(
            {**only, "uses_left": {"$gt": 0}, "used_by": {"$ne": user}},
            {"$inc": {"uses_left": -1}, "$push": {"used_by": user}},
        )
        return bool(taken.matched_count) or (
            self._collection.find_one({**only, "used_by": user}, {"_id": 1}) is not None
        )

    def delete(self, room_id: str, invitation_id: str) -> bool:
        """Delete an invitation of a room; return whether there was one."""
        key = {"_id": object_id(invitation_id), "room_identity": object_id(room_id)}
        return bool(self._collection.delete_one(key).deleted_count)

    def delete_by_user(self, room_id: str, user_id: str) -> None:
        """Delete the invitations to a room that a user created."""
        self._collection.delete_many(
            {"room_identity": object_id(room_id), "user_identity": object_id(user_id)}
        )

    def delete_of_room(self, room_id: str) -> Iterator[int]:
        """Delete all invitations of a room in pieces; yield the count of each."""
        query = {"room_identity": object_id(room_id)}
        yield from delete_in_pieces(self._database, "room_invitation", query)

    @property
    def _collection(self) -> Any:
        return self._database.db["room_invitation"]


def _unexpired(now: int) -> dict[str, Any]:
    # The TTL index deletes up to a minute late.
    return {"expires_at": {"$gt": date_of(now)}}


def _invitation(document: Mapping[str, Any]) -> RoomInvitation:
    return RoomInvitation(
        id=str(document["_id"]),
        room_id=str(document["room_identity"]),
        user_id=str(document["user_identity"]),
        uses_left=document["uses_left"],
        used_by=frozenset(map(str, document.get("used_by", ()))),
        created_at=document["created_at"],
        expires_at=milliseconds_of(document["expires_at"]),
    )
