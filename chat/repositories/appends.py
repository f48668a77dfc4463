"""What the two logs of a room have in common: documents with numbers, which only grow."""

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

STRIDE = 100  # entries that one closed range may hold


@dataclass(frozen=True, slots=True)
class Appended:
    """How far an ordered insert came: the first `stored` are in, the one `at` met `obstacle`.

    `taken`: its number is another entry's · `repeated`: its id or client_id is stored already ·
    `refused`: the database will never take it. `at` is the next one after those stored, except that
    the embedded engine stores nothing of a batch in which it refuses one.
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
        """Wait until a majority has all that could be read before this; raise when it does not.

        A write that changes nothing waits, like any other, for what was written before it.
        """
        self._collection.delete_one({"_id": ObjectId()})

    def is_refused(self, error: Exception) -> bool:
        """Tell whether the database failed at these entries alone: it takes another write."""
        if not is_broken_inside(error):
            return False
        try:
            write_probe(self._database)
        except PyMongoError:
            return False
        return True

    def _insert(self, documents: Sequence[dict[str, Any]]) -> Appended:
        """Insert the documents in their order and stop at the first that cannot be stored."""
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
