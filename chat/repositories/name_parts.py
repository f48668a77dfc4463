"""Finds users by any part of their names, also in the middle.

Documents have the endings of their names in an array, whose index finds parts as beginnings of
endings. SecantusDB uses an index of an array for equal values alone: of 5,000 users it took 1.6
seconds. There the names of all users are kept in memory, which takes 4 MB for 20,000 users; those
of disabled ones are not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from chat.database.client import Database
from chat.errors import RateLimited
from chat.repositories.documents import in_pages, object_ids, with_ids
from chat.repositories.prefixes import LAST, WHOLE_WAIT
from chat.text.name_parts import MAX_PART

NAME_PARTS = "name_parts"
NAME_KEYS = ("username_key", "nickname_key")
MAX_AGE = 300.0  # seconds until names that other processes wrote are read
BETWEEN = "\n"  # in no name

Document = dict[str, Any]


class NameParts:
    """Searches for parts of names."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names: dict[str, str] = {}  # the keys of a user's names, by user id
        self._recorded: dict[str, str] | None = None  # during a read: the names stored meanwhile
        self._read_at: float | None = None
        self._reading = threading.Lock()

    def find(self, part: str, limit: int) -> list[Document]:
        """Return users with that part in a name, disabled ones aside, in any order.

        Raises RateLimited while another call reads all names.
        """
        if self._database.dialect.reads_whole_ranges:
            found: Iterable[Document] = self._find_in_memory(part, limit)
        else:
            first = part[:MAX_PART]
            # One ending has to meet both conditions.
            condition = {"$elemMatch": {"$gte": first, "$lt": first + LAST}}
            query = {NAME_PARTS: condition, "disabled_at": None}
            found = self._database.db["user"].find(query).limit(limit)
        # An older version of the server changes names and not their endings.
        return [one for one in found if any(part in one.get(key, "") for key in NAME_KEYS)]

    def record(self, document: Document) -> None:
        """Take over the names of a user whom this process stored."""
        user_id, names = str(document["_id"]), _names_of(document)
        recorded = self._recorded
        if recorded is not None:
            recorded[user_id] = names
        if self._read_at is not None:
            self._names[user_id] = names

    def _find_in_memory(self, part: str, limit: int) -> Iterator[Document]:
        self._read_names()
        ids = (user_id for user_id, names in self._names.copy().items() if part in names)
        found = 0
        # Another process may have disabled some of them since.
        while found < limit and (some := [*islice(ids, limit)]):
            for query in with_ids(self._database, object_ids(some)):
                for one in self._database.db["user"].find({**query, "disabled_at": None}):
                    found += 1
                    yield one

    def _read_names(self) -> None:
        if not self._reading.acquire(timeout=WHOLE_WAIT):
            raise RateLimited(retry_after=1)
        try:
            if self._read_at is None or time.monotonic() - self._read_at >= MAX_AGE:
                began, self._recorded = time.monotonic(), {}
                shown = dict.fromkeys((*NAME_KEYS, "disabled_at"), 1)
                users = in_pages(self._database.db["user"], {}, shown)
                self._names = {str(one["_id"]): names for one in users if (names := _names_of(one))}
                self._read_at = began
                self._names |= self._recorded
        finally:
            self._recorded = None
            self._reading.release()


def _names_of(document: Document) -> str:
    """Return the keys of a user's names as one text; none of a disabled user, whom nobody finds."""
    if document.get("disabled_at"):
        return ""
    return BETWEEN.join(document.get(key, "") for key in NAME_KEYS)
