"""The base of both logs of a room: append-only collections of numbered entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from bson import ObjectId
from pymongo.errors import BulkWriteError, PyMongoError

from chat.database.client import WRITE_CONCERN
from chat.repositories.documents import DUPLICATE_KEY
from chat.repositories.outages import is_broken_inside, is_outage
from chat.repositories.probes import write_probe

if TYPE_CHECKING:
    from pymongo.collection import Collection as MongoCollection

    from chat.database.client import Database

LOG_PAGE = 100  # entries of a log in one page


@dataclass(frozen=True, slots=True)
class Appended:
    """Result of an ordered insert: `stored` were written; that at index `at` met `obstacle`.

    `taken`: another entry has its number · `repeated`: its id or client_id is stored already ·
    `refused`: the database will never accept it. `at` is the entry after the stored ones, or a
    later one: SecantusDB stores nothing of a batch in which it refuses an entry.
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
        """Insert the documents in order and stop at the first that cannot be stored.

        By the command, which takes two thirds of the processor time of `insert_many`. The driver
        does not retry it after an outage. The caller does, and first looks which ids are stored.
        """
        if not documents:
            return Appended(0)
        answer = self._database.db.command(
            {
                "insert": self.name,
                "ordered": True,
                "writeConcern": WRITE_CONCERN.document,
                "documents": documents,
            }
        )
        failures = answer.get("writeErrors", [])
        unconfirmed = [answer["writeConcernError"]] if "writeConcernError" in answer else []
        if not failures and not unconfirmed:
            return Appended(len(documents))
        error = BulkWriteError(
            {
                "nInserted": answer["n"],
                "writeErrors": failures,
                "writeConcernErrors": unconfirmed,
            }
        )
        if is_outage(error):
            raise error
        return Appended(answer["n"], self._obstacle(failures[0]), failures[0]["index"])

    def _obstacle(self, failure: Mapping[str, Any]) -> Literal["taken", "repeated", "refused"]:
        if failure.get("code") != DUPLICATE_KEY:
            return "refused"
        return "taken" if self.number in failure.get("keyPattern", {}) else "repeated"

    @property
    def _collection(self) -> MongoCollection[dict[str, Any]]:
        return self._database.db[self.name]
