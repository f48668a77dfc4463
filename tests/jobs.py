"""Jobs of a server, from beside it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from chat.database.client import Database
from harness.servers import PATIENCE


def end_leases(database: Database, kind: str) -> None:
    """Let the jobs of a kind be due at once, as if the lease of a dead process were over."""
    database.db["job"].update_many(
        {"kind": kind}, {"$set": {"due_at": datetime.fromtimestamp(0, UTC)}}
    )


def wait_for_jobs(database: Database, *kinds: str, room_id: str | None = None) -> None:
    """Wait until the jobs of these kinds, or those of them for one room, are done."""
    wanted = {"kind": {"$in": kinds}} | ({"arguments.room_id": room_id} if room_id else {})
    deadline = time.monotonic() + PATIENCE
    while database.db["job"].find_one(wanted):
        assert time.monotonic() < deadline
        time.sleep(0.05)
