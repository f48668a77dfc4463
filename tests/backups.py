"""A backup of a database that is not embedded, taken and put back as dump and restore do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bson import ObjectId

from chat.database.client import Database
from harness.servers import PATIENCE


class Backup:
    """Everything in a database as it is now."""

    def __init__(self, database: Database) -> None:
        self._db = database.db
        self._documents = {
            name: list(self._db[name].find()) for name in self._db.list_collection_names()
        }

    def put_back(self) -> None:
        """Let the database hold this and nothing else."""
        for name in self._db.list_collection_names():
            self._db[name].delete_many({})
            documents: list[dict[str, Any]] = self._documents.get(name, [])
            for start in range(0, len(documents), 500):
                self._db[name].insert_many(documents[start : start + 500])


def wait_for_head(database: Database, room: dict[str, Any], seq: int) -> None:
    """Return when the end of a room's log is in `room`.

    The server writes it there a little later, even after a backup was put back beneath it.
    """
    key = {"_id": ObjectId(room["id"])}
    wait_until(lambda: (database.db["room"].find_one(key) or {}).get("last_seq") == seq)


def wait_until(holds: Callable[[], bool]) -> None:
    """Return when a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
