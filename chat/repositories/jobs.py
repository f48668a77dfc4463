"""The `job` collection: background work that survives the process that began it.

All times are by the database's clock, so the clocks of processes may differ.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from chat.database.client import Database
from chat.models import Job
from chat.repositories.documents import object_id, with_ids

Document = dict[str, Any]


class JobRepository:
    """Stores jobs until they are finished.

    From `due_at` on a process may claim a job. The claim moves `due_at` ahead by the lease. A
    running process renews the lease; when it dies, the job becomes due again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        delay: float = 0.0,
        holder: str | None = None,
    ) -> Job:
        """Store a job that is due after `delay` seconds; until then `holder`, if any, holds it."""
        now = self._database.now()
        document: Document = {
            "kind": kind,
            "arguments": dict(arguments),
            "progress": {},
            "failures": 0,
            "holder": holder,
            "due_at": now + timedelta(seconds=delay),
            "created_at": now,
        }
        self._collection.insert_one(document)
        return _job(document)

    def list_of_kinds(self, kinds: Iterable[str]) -> list[Job]:
        """Return the jobs of a few kinds, due or not, unordered."""
        queries = with_ids(self._database, kinds, "kind")  # one query for a few kinds
        return [_job(found) for query in queries for found in self._collection.find(query)]

    def claim(
        self, kinds: Container[str], holder: str, lease: float, max_delay: float
    ) -> Job | None:
        """Claim the job of these kinds that has been due longest, for `lease` seconds, or None.

        Jobs of other kinds are left to processes of a newer version. A job that is due in more than
        `max_delay` seconds was stored while the clock was ahead, and counts as due.
        """
        now = self._database.now()
        while document := self._find_due(kinds, now, max_delay):
            claimed = self._collection.update_one(
                {key: document[key] for key in ("_id", "due_at", "holder")},
                {"$set": {"holder": holder, "due_at": now + timedelta(seconds=lease)}},
            )
            if claimed.matched_count:
                return _job(document)
            # Another process claimed it first; find the next one.
        return None

    def _find_due(self, kinds: Container[str], now: datetime, max_delay: float) -> Document | None:
        ahead = {"$gt": now + timedelta(seconds=max_delay)}
        for due_at in ({"$lte": now}, ahead):
            for document in self._collection.find({"due_at": due_at}).sort("due_at", 1):
                if document["kind"] in kinds:
                    found: Document = document
                    return found
        return None

    def renew(self, job: Job, holder: str, progress: Mapping[str, Any], lease: float) -> bool:
        """Save the progress and renew the lease; return False if another holder has the job."""
        return self._update(job, holder, progress=dict(progress), due_at=self._after(lease))

    def release(self, job: Job, holder: str, progress: Mapping[str, Any]) -> None:
        """Save the progress and release the job to any process."""
        self._update(job, holder, progress=dict(progress), holder=None, due_at=self._database.now())

    def postpone(self, job: Job, holder: str, delay: float) -> None:
        """Record a failure of the job; it is due again after `delay` seconds."""
        self._update(job, holder, failures=job.failures + 1, holder=None, due_at=self._after(delay))

    def finish(self, job: Job, holder: str) -> None:
        """Delete a finished job, unless another holder has it."""
        self._collection.delete_one(_held(job, holder))

    def _after(self, seconds: float) -> datetime:
        return self._database.now() + timedelta(seconds=seconds)

    def _update(self, job: Job, by: str, **changes: Any) -> bool:
        return bool(self._collection.update_one(_held(job, by), {"$set": changes}).matched_count)

    @property
    def _collection(self) -> Any:
        return self._database.db["job"]


def _held(job: Job, holder: str) -> Document:
    return {"_id": object_id(job.id), "holder": holder}


def _job(document: Document) -> Job:
    return Job(
        id=str(document["_id"]),
        kind=document["kind"],
        arguments=document["arguments"],
        progress=document["progress"],
        failures=document["failures"],
    )
