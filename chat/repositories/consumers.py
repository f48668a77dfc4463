"""The consumers of the rooms' logs: collection `consumer`, one document each.

It holds the lease, by which one process at a time works for a consumer, and what outlives that
process. All times are by the database's clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError

from chat.database.client import Database
from chat.repositories.cursors import Reader
from chat.repositories.documents import date_of, is_only_repeated, milliseconds_of, with_ids

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """A consumer as it is stored."""

    name: str
    generation: int = 1
    begun: bool = False  # it has cleared what an earlier generation left, and set its cursors
    clears: bool = False  # it must clear before it begins
    holder: str = ""
    term: int = 0  # how many times the lease was taken
    seen_at: int = 0  # when the holder renewed the lease
    swept_at: int = 0  # up to when it looked for messages that their writer did not announce
    failing: str = ""  # why it does not go on, in a room or in all

    @property
    def reader(self) -> Reader:
        return Reader(self.name, self.generation)


class ConsumerRepository:
    """Stores the state of consumers. Only the holder of a lease changes anything but requests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find_all(self, names: Collection[str]) -> dict[str, ConsumerState]:
        """Return the stored consumers among these, by name."""
        return {
            found["_id"]: _state_of(found)
            for query in with_ids(self._database, names)
            for found in self._collection.find(query)
        }

    def insert_missing(self, names: Iterable[str]) -> None:
        """Store those that are not stored yet, without a holder."""
        new = {"generation": 1, "begun": False, "clears": False, "holder": ""}
        changes = [UpdateOne({"_id": name}, {"$setOnInsert": new}, upsert=True) for name in names]
        try:
            self._collection.bulk_write(changes, ordered=False)
        except BulkWriteError as error:
            if not is_only_repeated(error):  # another process has just stored it
                raise

    def take(self, state: ConsumerState, holder: str) -> ConsumerState | None:
        """Take the lease if nobody has renewed it since `state`, else return None."""
        seen_at = None if state.seen_at == 0 else date_of(state.seen_at)
        # `find_one_and_update`, because a later read could show the term of another holder. An
        # engine may read the whole collection for it, which has one document for each consumer.
        found = self._collection.find_one_and_update(
            {"_id": state.name, "holder": state.holder, "seen_at": seen_at},
            {
                "$set": {"holder": holder},
                "$inc": {"term": 1},
                "$currentDate": {"seen_at": True},
            },
            return_document=ReturnDocument.AFTER,
        )
        return None if found is None else _state_of(found)

    def renew(self, names: Iterable[str], holder: str) -> None:
        """Renew the leases that this holder has among these."""
        changes = [
            UpdateOne({"_id": name, "holder": holder}, {"$currentDate": {"seen_at": True}})
            for name in names
        ]
        if changes:
            self._collection.bulk_write(changes, ordered=False)

    def release(self, names: Iterable[str], holder: str) -> None:
        """Give up the leases that this holder has among these, so that others need not wait."""
        changes = [
            UpdateOne(
                {"_id": name, "holder": holder},
                {"$set": {"holder": ""}, "$unset": {"seen_at": ""}},
            )
            for name in names
        ]
        if changes:
            self._collection.bulk_write(changes, ordered=False)

    def request_rebuild(self, name: str) -> None:
        """Give a consumer a new generation, which clears and begins at the start."""
        self._collection.update_one(
            {"_id": name},
            {"$inc": {"generation": 1}, "$set": {"begun": False, "clears": True}},
        )

    def record_begun(self, state: ConsumerState) -> bool:
        """Record that this generation has begun; return False if there is a newer one."""
        result = self._collection.update_one(
            {"_id": state.name, "generation": state.generation},
            {"$set": {"begun": True, "clears": False}},
        )
        return bool(result.matched_count)

    def record_failure(self, name: str, reason: str) -> None:
        """Record why a consumer does not go on; an empty reason says that it does."""
        self._collection.update_one(
            {"_id": name},
            {"$set": {"failing": reason}} if reason else {"$unset": {"failing": ""}},
        )

    def record_sweep(self, name: str, swept_at: int) -> None:
        """Record up to when messages were looked for."""
        self._collection.update_one({"_id": name}, {"$set": {"swept_at": swept_at}})

    @property
    def _collection(self) -> Any:
        return self._database.db["consumer"]


def _state_of(found: Document) -> ConsumerState:
    seen_at = found.get("seen_at")
    return ConsumerState(
        name=found["_id"],
        generation=found["generation"],
        begun=found["begun"],
        clears=found["clears"],
        holder=found["holder"],
        term=found.get("term", 0),
        seen_at=milliseconds_of(seen_at) if seen_at else 0,
        swept_at=found.get("swept_at", 0),
        failing=found.get("failing", ""),
    )
