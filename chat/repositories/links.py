"""The `link` collection: links to register or to reset a password, with uses and expiry."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from chat.database.client import Database
from chat.models import Link, Purpose
from chat.repositories.documents import date_of, milliseconds_of, object_id

Document = dict[str, Any]


class LinkRepository:
    """Stores links until `expires_at`; it gets tokens only as hashes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, link: Link, token_hash: str) -> Link:
        """Store a new link and return it with its id."""
        document: Document = {
            "_id": ObjectId(),
            "purpose": link.purpose,
            "token_hash": token_hash,
            "uses": link.uses,
            "uses_left": link.uses_left,
            "created_at": link.created_at,
            "expires_at": date_of(link.expires_at),
        }
        if link.user_id:
            document["user_identity"] = ObjectId(link.user_id)
        self._collection.insert_one(document)
        return _link(document)

    def find_valid(self, purpose: Purpose, token_hash: str, now: int) -> Link | None:
        """Return the link of a token, or None if it has expired or has no use left."""
        only = {"token_hash": token_hash, "purpose": purpose, **_valid(now)}
        document = self._collection.find_one(only)
        return _link(document) if document else None

    def spend_use(self, link_id: str, now: int) -> bool:
        """Spend one use of a valid link; return whether there was one left.

        Of several concurrent calls for the last use, one succeeds.
        """
        taken = self._collection.update_one(
            {"_id": object_id(link_id), **_valid(now)}, {"$inc": {"uses_left": -1}}
        )
        return bool(taken.matched_count)

    def restore_use(self, link_id: str) -> None:
        """Restore a spent use, unless the link is deleted."""
        self._collection.update_one({"_id": object_id(link_id)}, {"$inc": {"uses_left": 1}})

    def list_unexpired(self, purpose: Purpose, now: int) -> list[Link]:
        """Return the links that have not expired, the oldest first."""
        query = {"purpose": purpose, "expires_at": {"$gt": date_of(now)}}
        found = [_link(document) for document in self._collection.find(query)]
        return sorted(found, key=lambda link: link.created_at)

    def delete(self, purpose: Purpose, link_id: str) -> bool:
        """Delete a link; return whether this call deleted it."""
        query = {"_id": object_id(link_id), "purpose": purpose}
        return bool(self._collection.delete_one(query).deleted_count)

    def delete_of_user(self, user_id: str) -> None:
        """Remove all links that are for one user."""
        self._collection.delete_many({"user_identity": object_id(user_id)})

    @property
    def _collection(self) -> Any:
        return self._database.db["link"]


def _valid(now: int) -> Document:
    return {
        "uses_left": {"$gt": 0},
        "expires_at": {"$gt": date_of(now)},  # the TTL index deletes up to a minute late
    }


def _link(document: Document) -> Link:
    return Link(
        id=str(document["_id"]),
        purpose=document["purpose"],
        user_id=str(document.get("user_identity") or ""),
        uses=document["uses"],
        uses_left=document["uses_left"],
        created_at=document["created_at"],
        expires_at=milliseconds_of(document["expires_at"]),
    )
