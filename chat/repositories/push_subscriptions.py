"""Push subscriptions: a field of their `session`, so that they end with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chat.database.client import Database
from chat.models import PushSubscription
from chat.repositories.documents import date_of, object_id, object_ids, with_ids

SUBSCRIBED = {"$gt": ""}  # the condition of the index over `push.endpoint`
FIELDS = {"user_identity": 1, "push": 1}


class PushSubscriptionRepository:
    """Stores at most one subscription of each session."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, subscription: PushSubscription, now: int) -> bool:
        """Store the subscription of a live session; return False if the session has ended.

        Other sessions lose the same endpoint: they were of the same browser, maybe of other people.
        """
        fields = {
            "endpoint": subscription.endpoint,
            "p256dh": subscription.p256dh,
            "auth": subscription.auth,
            "text": subscription.text,
            "key": subscription.key,
        }
        self._collection.update_many(
            {"push.endpoint": subscription.endpoint}, {"$unset": {"push": ""}}
        )
        session = _alive(subscription.session_id, now)
        return bool(self._collection.update_one(session, {"$set": {"push": fields}}).matched_count)

    def delete(self, session_id: str, endpoint: str | None = None) -> None:
        """Delete the subscription of a session; with an `endpoint`, only that one."""
        query: dict[str, Any] = {"_id": object_id(session_id)}
        if endpoint is not None:
            query["push.endpoint"] = endpoint
        self._collection.update_one(query, {"$unset": {"push": ""}})

    def find(self, session_id: str, now: int) -> PushSubscription | None:
        """Return the subscription of a live session, or None."""
        found = self._collection.find_one(_alive(session_id, now), FIELDS)
        return _subscription_of(found) if found and "push" in found else None

    def exists(self) -> bool:
        """Return whether anybody has subscribed."""
        return self._collection.find_one({"push.endpoint": SUBSCRIBED}, {"_id": 1}) is not None

    def list_of_users(self, user_ids: Iterable[str], now: int) -> list[PushSubscription]:
        """Return the subscriptions of all live sessions of some users."""
        alive = {"ended_at": None, "expires_at": {"$gt": date_of(now)}}
        return [
            _subscription_of(found)
            for query in with_ids(self._database, object_ids(user_ids), "user_identity")
            for found in self._collection.find(query | alive, FIELDS)
            if "push" in found
        ]

    @property
    def _collection(self) -> Any:
        return self._database.db["session"]


def _alive(session_id: str, now: int) -> dict[str, Any]:
    return {
        "_id": object_id(session_id),
        "ended_at": None,
        "expires_at": {"$gt": date_of(now)},
    }


def _subscription_of(found: dict[str, Any]) -> PushSubscription:
    return PushSubscription(str(found["_id"]), str(found["user_identity"]), **found["push"])
