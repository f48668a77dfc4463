"""The `session` collection: one log-in of one device. Refresh ids are stored as hashes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bson import ObjectId

from chat.database.client import Database
from chat.models import Session
from chat.repositories.documents import (
    between,
    date_of,
    milliseconds_of,
    object_id,
    object_ids,
    with_ids,
)

Document = dict[str, Any]

# A session takes its push subscription with it.
ENDING: list[Document] = [{"$set": {"ended_at": {"$toLong": "$$NOW"}}}, {"$unset": "push"}]


class SessionRepository:
    """Stores sessions, ended ones too, until their refresh token would have expired.

    An ended session stays, so that every process learns of it and closes its connections.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def find_alive(self, session_id: str, user_id: str, now: int) -> Session | None:
        """Return the user's session if it has neither ended nor expired, or None."""
        query = {"_id": object_id(session_id), "user_identity": object_id(user_id)}
        document = self._collection.find_one({**query, **_alive(now)})
        return None if document is None else _session(document)

    def find_users_of_alive(self, session_ids: Iterable[str], now: int) -> dict[str, str]:
        """Return the users of those sessions that have neither ended nor expired, by session id."""
        return {
            str(found["_id"]): str(found["user_identity"])
            for query in with_ids(self._database, object_ids(session_ids))
            for found in self._collection.find({**query, **_alive(now)}, {"user_identity": 1})
        }

    def list_alive(self, user_id: str, now: int) -> list[Session]:
        """Return the user's live sessions, the most recently used first."""
        query = {"user_identity": object_id(user_id), **_alive(now)}
        found = [_session(document) for document in self._collection.find(query)]
        return sorted(found, key=lambda session: -session.last_used_at)

    def insert_many(self, sessions: Sequence[Session], expires_at: int) -> list[Session]:
        """Store new sessions and return them with their ids."""
        documents = [
            {
                "_id": ObjectId(),
                "user_identity": ObjectId(session.user_id),
                "device": session.device,
                "refresh_hash": session.refresh_hash,
                "created_at": session.created_at,
                "last_used_at": session.last_used_at,
                "rotated_at": session.rotated_at,
                "expires_at": date_of(expires_at),
                **({"network_hash": session.network_hash} if session.network_hash else {}),
                **({"key_hash": session.key_hash} if session.key_hash else {}),
            }
            for session in sessions
        ]
        if documents:
            self._collection.insert_many(documents)
        return [
            replace(session, id=str(document["_id"]))
            for session, document in zip(sessions, documents, strict=True)
        ]

    def rotate(
        self,
        session_id: str,
        user_id: str,
        old_hash: str,
        new_hash: str,
        now: int,
        expires_at: int,
        key_hash: str | None = None,
    ) -> Session | None:
        """Replace the refresh id atomically; return None if `old_hash` is not the present one.

        Also None if the session is bound to another key than `key_hash`. A session without a key is
        bound to it.
        """
        bind = {"key_hash": key_hash} if key_hash else {}
        key = {"_id": object_id(session_id)}
        result = self._collection.update_one(
            {
                **key,
                "user_identity": object_id(user_id),
                "refresh_hash": old_hash,
                "key_hash": {"$in": [None, key_hash]},  # None stands for a missing field too
                **_alive(now),
            },
            {
                "$set": {
                    **bind,
                    "refresh_hash": new_hash,
                    "previous_hash": old_hash,
                    "rotated_at": now,
                    "last_used_at": now,
                    "expires_at": date_of(expires_at),
                }
            },
        )
        document = self._collection.find_one(key) if result.matched_count else None
        return None if document is None else _session(document)

    def has_network(self, user_id: str, network_hash: str, now: int) -> bool:
        """Return whether one of the user's sessions, ended or not, began in a network."""
        query = {
            "user_identity": object_id(user_id),
            "network_hash": network_hash,
            "expires_at": {"$gt": date_of(now)},
        }
        return self._collection.find_one(query, {"_id": 1}) is not None

    def end(self, session_id: str) -> bool:
        """End a live session; return whether this call ended it."""
        result = self._collection.update_one(
            {"_id": object_id(session_id), "ended_at": None}, ENDING
        )
        return bool(result.modified_count)

    def end_all(self, user_id: str) -> list[str]:
        """End the user's live sessions in one write; return the ids of those read before it.

        A session inserted in between ends too; the reconciler of each process finds it.
        """
        query = {"user_identity": object_id(user_id), "ended_at": None}
        found = [str(document["_id"]) for document in self._collection.find(query, {"_id": 1})]
        self._collection.update_many(query, ENDING)
        return found

    def list_ended(self, since: datetime, until: datetime | None = None) -> list[str]:
        """Return the ids of sessions that ended after `since` and, if given, before `until`.

        Both are by the database's clock, as in `end`, because the clocks of processes may differ.
        """
        ended_at = between(milliseconds_of(since), until and milliseconds_of(until))
        ended = self._collection.find({"ended_at": ended_at}, {"_id": 1})
        return [str(document["_id"]) for document in ended]

    @property
    def _collection(self) -> Any:
        return self._database.db["session"]


def _alive(now: int) -> Document:
    # The TTL index deletes up to a minute late, so check the time here too.
    return {"ended_at": None, "expires_at": {"$gt": date_of(now)}}


def _session(document: Document) -> Session:
    return Session(
        id=str(document["_id"]),
        user_id=str(document["user_identity"]),
        device=document["device"],
        created_at=document["created_at"],
        last_used_at=document["last_used_at"],
        rotated_at=document["rotated_at"],
        refresh_hash=document["refresh_hash"],
        previous_hash=document.get("previous_hash"),
        network_hash=document.get("network_hash", ""),
        key_hash=document.get("key_hash"),
    )
