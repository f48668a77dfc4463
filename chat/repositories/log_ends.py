"""The ends of logs that were written to lately, by the ids of their entries, which hold a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from chat.database.client import Database
from chat.repositories.documents import STEP


class LogEndRepository:
    """Finds the ends of logs although a writer died before it wrote them into `room`.

    On an engine that does not look back there are none.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def looks_back(self) -> bool:
        """Return whether the engine finds entries by time without reading all of them."""
        return not self._database.dialect.reads_whole_ranges

    def find_last_seqs(self, since: int, until: int) -> dict[str, int]:
        """Return the greatest seq of the messages made in that time, by room."""
        return self._greatest("message", "seq", since, until)

    def find_last_revs(self, since: int, until: int) -> dict[str, int]:
        """Return the greatest rev of the changes made in that time, by room."""
        return self._greatest("change", "rev", since, until)

    def _greatest(self, name: str, number: str, since: int, until: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for document in self._entries(name, number, since, until):
            room_id = str(document["room_identity"])
            found[room_id] = max(found.get(room_id, 0), document[number])
        return found

    def _entries(self, name: str, number: str, since: int, until: int) -> Iterator[dict[str, Any]]:
        if not self.looks_back:
            return
        between = {"$gte": _first_id(since), "$lt": _first_id(until)}
        yield from self._database.db[name].find(
            {"_id": between}, {"_id": 0, "room_identity": 1, number: 1}, batch_size=STEP
        )


def _first_id(milliseconds: int) -> ObjectId:
    """Return the smallest id that can be made at this time."""
    return ObjectId.from_datetime(datetime.fromtimestamp(milliseconds // 1000, UTC))
