"""The `audit` collection: who did what, when, from which address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pymongo.errors import BulkWriteError

from chat.database.client import Database
from chat.models import OPERATOR, AuditEntry
from chat.repositories.documents import date_of, is_only_repeated, object_id

Document = dict[str, Any]
IDENTITIES = {"actor_id": "user_identity", "target_id": "target_identity"}


class AuditRepository:
    """Stores entries until `expires_at`; nothing changes or deletes them before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert_many(self, entries: Iterable[AuditEntry], keep_ms: int) -> None:
        """Store entries; skip those that an earlier call without an answer stored already."""
        documents = [_document(entry, keep_ms) for entry in entries]
        try:
            self._collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            if not is_only_repeated(error):
                raise

    def list_latest(
        self, limit: int, user_id: str | None = None, action: str | None = None
    ) -> list[AuditEntry]:
        """Return the latest entries, the oldest first, of all or only by and about a user.

        With `action`, only those of this action.
        """
        only: Document = {} if action is None else {"action": action}
        queries = [only]
        if user_id is not None:  # a query for each index
            queries = [{**only, name: object_id(user_id)} for name in IDENTITIES.values()]
        found = {
            document["_id"]: document
            for query in queries
            for document in self._collection.find(query).sort("at", -1).limit(limit)
        }
        latest = sorted(found.values(), key=lambda one: (one["at"], one["_id"]))[-limit:]
        return [_entry(document) for document in latest]

    @property
    def _collection(self) -> Any:
        return self._database.db["audit"]


def _document(entry: AuditEntry, keep_ms: int) -> Document:
    document: Document = {
        "_id": object_id(entry.id),
        "at": entry.at,
        "action": entry.action,
        "address": entry.address,
        "expires_at": date_of(entry.at + keep_ms),
    }
    for name, stored in IDENTITIES.items():
        identity = getattr(entry, name)
        if identity:
            document[stored] = identity if identity == OPERATOR else object_id(identity)
    if entry.room_id:
        document["room_identity"] = object_id(entry.room_id)
    if entry.detail:
        document["detail"] = entry.detail
    return document


def _entry(document: Document) -> AuditEntry:
    return AuditEntry(
        id=str(document["_id"]),
        at=document["at"],
        action=document["action"],
        address=document["address"],
        actor_id=str(document.get("user_identity") or ""),
        target_id=str(document.get("target_identity") or ""),
        room_id=str(document.get("room_identity") or ""),
        detail=document.get("detail") or "",
    )
