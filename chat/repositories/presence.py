"""Users online at each process: collections `process` (leases) and `presence` (users).

The users of a process are spread over a few documents, so that a change rewrites only one. The
lease holds the version of each document, so a reader of leases knows which ones to read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo import ReplaceOne

from chat.database.client import Database
from chat.ids import new_id


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease of a process; `seen_at` is by the database's clock."""

    process_id: str
    seen_at: datetime
    versions: tuple[int, ...]  # of its documents in `presence`, by number


class PresenceRepository:
    """Stores the leases of processes, and the ids of the users online at each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert_lease(self, versions: Sequence[int]) -> str:
        """Store the lease of a starting process and return its id."""
        process_id = new_id()
        # An upsert, because only an update can use the database's clock.
        self._leases.update_one({"_id": ObjectId(process_id)}, _renewal(versions), upsert=True)
        return process_id

    def renew_lease(self, process_id: str, versions: Sequence[int]) -> bool:
        """Renew a lease; return False if another process deleted it as expired."""
        result = self._leases.update_one({"_id": ObjectId(process_id)}, _renewal(versions))
        return bool(result.matched_count)

    def list_leases(self) -> list[Lease]:
        """Return the leases of all processes, including expired ones."""
        return [
            Lease(str(found["_id"]), found["seen_at"].replace(tzinfo=UTC), tuple(found["versions"]))
            for found in self._leases.find()
        ]

    def delete_lease(self, lease: Lease) -> bool:
        """Delete a lease unless it was renewed meanwhile; return whether it was deleted."""
        key = {"_id": ObjectId(lease.process_id), "seen_at": lease.seen_at}
        return bool(self._leases.delete_one(key).deleted_count)

    def delete_process(self, process_id: str) -> None:
        """Delete the lease and the users of an ending process."""
        self._leases.delete_one({"_id": ObjectId(process_id)})
        self._people.delete_many({"process": ObjectId(process_id)})

    def delete_orphans(self) -> None:
        """Delete the users of processes without a lease.

        A lease is stored before its users. So it is read after them here.
        """
        owners = {found["process"] for found in self._people.find({}, {"process": 1})}
        leased = {found["_id"] for found in self._leases.find({}, {"_id": 1})}
        for owner in owners - leased:
            self._people.delete_many({"process": owner})

    def write_users(self, process_id: str, users: Mapping[int, Iterable[str]]) -> None:
        """Store the users online at a process, by the numbers of its documents."""
        owner = ObjectId(process_id)
        changes = [
            ReplaceOne(
                {"_id": _key(process_id, number)},
                {"process": owner, "users": [ObjectId(user_id) for user_id in ids]},
                upsert=True,
            )
            for number, ids in users.items()
        ]
        if changes:
            self._people.bulk_write(changes, ordered=False)

    def read_users(self, process_id: str, number: int) -> set[str]:
        """Return the users online at a process in one of its documents."""
        found = self._people.find_one({"_id": _key(process_id, number)}, {"users": 1})
        return set(map(str, found["users"])) if found else set()

    @property
    def _leases(self) -> Any:
        return self._database.db["process"]

    @property
    def _people(self) -> Any:
        return self._database.db["presence"]


def _renewal(versions: Sequence[int]) -> dict[str, Any]:
    return {"$set": {"versions": list(versions)}, "$currentDate": {"seen_at": True}}


def _key(process_id: str, number: int) -> str:
    return f"{process_id}:{number}"
