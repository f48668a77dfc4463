"""Requests to join a group: collection `membership_request`, unique by (room, user)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from chat.database.client import Database
from chat.models import MembershipRequest
from chat.repositories.documents import (
    between,
    date_of,
    delete_found,
    delete_in_pieces,
    milliseconds_of,
    object_id,
)


class MembershipRequestRepository:
    """Stores requests until they expire. Declined ones too, so that nobody asks again at once.

    `now` and `expires_at` are milliseconds by the database's clock.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(
        self, room_id: str, user_id: str, inviter_id: str, now: int, expires_at: int
    ) -> MembershipRequest | None:
        """Store a new request; return None if a concurrent call stored one."""
        key = {"room_identity": ObjectId(room_id), "user_identity": ObjectId(user_id)}
        self._collection.delete_one({**key, "expires_at": {"$lte": date_of(now)}})
        document = {
            **key,
            "inviter_identity": ObjectId(inviter_id),
            "declined": False,
            "created_at": now,
            "expires_at": date_of(expires_at),
        }
        try:
            self._collection.insert_one(document)
        except DuplicateKeyError:
            return None
        return _request(document)

    def find(self, request_id: str, user_id: str, now: int) -> MembershipRequest | None:
        """Return a user's unanswered request, or None."""
        return self._find({"_id": object_id(request_id), **_waiting(user_id, now)})

    def find_of(self, room_id: str, user_id: str, now: int) -> MembershipRequest | None:
        """Return the request for a user to join a room, declined or not, or None."""
        return self._find(
            {
                "room_identity": object_id(room_id),
                "user_identity": object_id(user_id),
                "expires_at": {"$gt": date_of(now)},
            }
        )

    def list_waiting(self, user_id: str, now: int) -> list[MembershipRequest]:
        """Return a user's unanswered requests, the newest first."""
        found = map(_request, self._collection.find(_waiting(user_id, now)))
        return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)

    def count_waiting(self, user_id: str, now: int) -> int:
        """Count a user's unanswered requests."""
        return int(self._collection.count_documents(_waiting(user_id, now)))

    def list_created(self, since: datetime, until: datetime | None) -> list[MembershipRequest]:
        """Return the unanswered requests created after `since` and, if given, before `until`."""
        created_at = between(milliseconds_of(since), until and milliseconds_of(until))
        query = {"created_at": created_at, "declined": False}
        return [_request(document) for document in self._collection.find(query)]

    def decline(self, request_id: str, expires_at: int) -> bool:
        """Mark a request as declined until it expires; return False if it is deleted."""
        result = self._collection.update_one(
            {"_id": object_id(request_id), "declined": False},
            {"$set": {"declined": True, "expires_at": date_of(expires_at)}},
        )
        return bool(result.matched_count)

    def delete(self, request_id: str) -> bool:
        """Delete a request; return False if there was none."""
        return bool(self._collection.delete_one({"_id": object_id(request_id)}).deleted_count)

    def delete_waiting(self, room_id: str, user_id: str) -> None:
        """Delete the request for a user to join a room, unless they declined it."""
        room = {"room_identity": object_id(room_id), "user_identity": object_id(user_id)}
        self._collection.delete_one({**room, "declined": False})

    def delete_of_room(self, room_id: str) -> Iterator[int]:
        """Delete all requests of a room in pieces; yield the count of each."""
        query = {"room_identity": object_id(room_id)}
        yield from delete_in_pieces(self._database, "membership_request", query)

    def delete_of_user(self, user_id: str) -> None:
        """Delete all requests to and by a user."""
        for field in ("user_identity", "inviter_identity"):
            delete_found(self._database, "membership_request", {field: object_id(user_id)})

    def _find(self, query: Mapping[str, Any]) -> MembershipRequest | None:
        document = self._collection.find_one(query)
        return _request(document) if document else None

    @property
    def _collection(self) -> Any:
        return self._database.db["membership_request"]


def _waiting(user_id: str, now: int) -> dict[str, Any]:
    return {
        "user_identity": object_id(user_id),
        "declined": False,
        "expires_at": {"$gt": date_of(now)},
    }


def _request(document: Mapping[str, Any]) -> MembershipRequest:
    return MembershipRequest(
        id=str(document["_id"]),
        room_id=str(document["room_identity"]),
        user_id=str(document["user_identity"]),
        inviter_id=str(document["inviter_identity"]),
        declined=document["declined"],
        created_at=document["created_at"],
    )
