"""The base of both logs of a room: append-only collections of numbered entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from bson import ObjectId
from pymongo.errors import BulkWriteError, PyMongoError

from chat.repositories.documents import DUPLICATE_KEY
from chat.repositories.outages import is_broken_inside, is_outage
from chat.repositories.probes import write_probe

if TYPE_CHECKING:
    from pymongo.collection import Collection as MongoCollection

    from chat.database.client import Database

STRIDE = 100  # numbers in one closed range


@dataclass(frozen=True, slots=True)
class Appended:
    """Result of an ordered insert: `stored` were written; that at index `at` met `obstacle`.

    `taken`: another entry has its number · `repeated`: its id or client_id is stored already ·
    `refused`: the database will never accept it. `at` is the entry after the stored ones, except
    that the embedded engine stores nothing of a batch in which it refuses an entry.
    """

    stored: int
    obstacle: Literal["taken", "repeated", "refused"] | None = None
    at: int = 0


class AppendingRepository:
    """A collection that is unique by the room and the field `number`."""

    name: ClassVar[str]
    number: ClassVar[str]

    def __init__(self, database: Database) -> None:
        self._database = database

    def confirm(self) -> None:
        """Wait until a majority has all writes that were readable before this call, or raise.

        A write without effect waits, like every write, for the writes before it.
        """
        self._collection.delete_one({"_id": ObjectId()})

    def is_refused(self, error: Exception) -> bool:
        """Return whether the error concerns only these entries: another write succeeds."""
        if not is_broken_inside(error):
            return False
        try:
            write_probe(self._database)
        except PyMongoError:
            return False
        return True

    def _insert(self, documents: Sequence[dict[str, Any]]) -> Appended:
        """Insert the documents in order and stop at the first that cannot be stored."""
        try:
            self._collection.insert_many(documents, ordered=True)
        except BulkWriteError as error:
            if is_outage(error):
                raise
            failure = error.details["writeErrors"][0]
            return Appended(error.details["nInserted"], self._obstacle(failure), failure["index"])
        return Appended(len(documents))

    def _obstacle(self, failure: Mapping[str, Any]) -> Literal["taken", "repeated", "refused"]:
        if failure.get("code") != DUPLICATE_KEY:
            return "refused"
        return "taken" if self.number in failure.get("keyPattern", {}) else "repeated"

    @property
    def _collection(self) -> MongoCollection[dict[str, Any]]:
        return self._database.db[self.name]
