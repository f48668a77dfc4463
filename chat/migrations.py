"""Migrations: they bring the database to the schema of this version.

A migration is a file `NNNN_<verb>_<noun>.py` in `migrations_mongo/` with a docstring and `def
migrate(db)`. It never changes after its release, and it is idempotent. The collection `migration`
records which ones ran.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pymongo
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from chat.clock import now_ms
from chat.database.client import Database

DIRECTORY = Path(__file__).resolve().parents[1] / "migrations_mongo"
FILE = re.compile(r"\d{4}_[a-z0-9_]+\.py")
COLLECTION = "migration"
NEWER = (
    "the database was upgraded by a newer version: %s ran here and is unknown to this one."
    " That is fine while servers are upgraded one after the other;"
    " otherwise start the newer version."
)
LOCK = "lock"  # the _id of the lock in the collection; all other documents are migrations
HOUR = 3600.0  # time limit in seconds of one operation, such as an index of a large collection
BEAT_SECONDS = 2.0
LOST_SECONDS = 10.0  # without a heartbeat, after which the lock's holder counts as dead

State = Literal["applied", "pending", "failed", "changed", "missing"]

log = logging.getLogger(__name__)


class MigrationError(RuntimeError):
    """A migration is impossible or failed; the text is one sentence."""


@dataclass(frozen=True)
class Migration:
    """One file; `checksum` is the SHA-256 of its text."""

    name: str
    path: Path
    checksum: str
    purpose: str


@dataclass(frozen=True)
class Status:
    """The state of a migration in this database. Times are milliseconds; None if it never ran."""

    name: str
    purpose: str
    state: State
    started_at: int | None = None
    duration_ms: int | None = None


def available(directory: Path = DIRECTORY) -> list[Migration]:
    """Return the migrations of this version, in order."""
    found = sorted(path for path in directory.glob("*.py") if FILE.fullmatch(path.name))
    numbers = [path.name[:4] for path in found]
    if len(set(numbers)) != len(numbers):
        raise MigrationError(f"Two migrations in {directory} have the same number.")
    return [_describe(path) for path in found]


def status(database: Database, directory: Path = DIRECTORY) -> list[Status]:
    """Return all migrations with their states.

    `changed` and `missing` ones ran here, but their file differs now or does not exist.
    """
    records = {r["_id"]: r for r in database.db[COLLECTION].find({"_id": {"$ne": LOCK}})}
    found = [
        _status(migration, records.pop(migration.name, None)) for migration in available(directory)
    ]
    gone = [
        Status(r["_id"], r.get("purpose", ""), "missing", r["started_at"], r["duration_ms"])
        for r in records.values()
    ]
    return sorted(found + gone, key=lambda one: one.name)


def pending(database: Database, directory: Path = DIRECTORY) -> list[Migration]:
    """Return the migrations to run; raise MigrationError if a file changed after it ran."""
    states = {one.name: one.state for one in status(database, directory)}
    changed = [name for name, state in states.items() if state == "changed"]
    if changed:
        raise MigrationError(
            f"The migration {changed[0]} was changed after it ran: restore the file,"
            " and put the change into a new one."
        )
    return [one for one in available(directory) if states[one.name] in ("pending", "failed")]


def newer(database: Database, directory: Path = DIRECTORY) -> list[str]:
    """Return the migrations that ran here and that this version does not know."""
    return [one.name for one in status(database, directory) if one.state == "missing"]


def upgrade(database: Database, directory: Path = DIRECTORY) -> list[str]:
    """Run the pending migrations and return their names. Concurrent processes take turns.

    Raises MigrationError if one fails; those before it stay applied.
    """
    if not pending(database, directory):
        return []
    with exclusive(database, COLLECTION):
        # Read again, because the previous holder of the lock may have run them.
        todo = pending(database, directory)
        for migration in todo:
            _run(database, migration)
        return [migration.name for migration in todo]


def _describe(path: Path) -> Migration:
    text = path.read_bytes()
    purpose = (_load(path).__doc__ or "").strip().split("\n")[0]
    return Migration(path.stem, path, hashlib.sha256(text).hexdigest(), purpose)


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"migrations_mongo.{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _status(migration: Migration, record: dict[str, Any] | None) -> Status:
    if record is None:
        return Status(migration.name, migration.purpose, "pending")
    state: State = "applied" if record["outcome"] == "applied" else "failed"
    if state == "applied" and record["checksum"] != migration.checksum:
        state = "changed"
    return Status(
        migration.name, migration.purpose, state, record["started_at"], record["duration_ms"]
    )


def _run(database: Database, migration: Migration) -> None:
    started_at, clock = now_ms(), time.monotonic()
    outcome, reason = "applied", None
    try:
        with pymongo.timeout(HOUR):
            _load(migration.path).migrate(database.db)
    except Exception as error:
        outcome, reason = "failed", f"{type(error).__name__}: {error}"[:500]
        raise MigrationError(f"The migration {migration.name} failed: {reason}") from error
    finally:
        record = {
            "checksum": migration.checksum,
            "purpose": migration.purpose,
            "started_at": started_at,
            "duration_ms": round((time.monotonic() - clock) * 1000),
            "outcome": outcome,
            "reason": reason,
        }
        database.db[COLLECTION].replace_one({"_id": migration.name}, record, upsert=True)
    log.info("migration %s applied in %d ms", migration.name, record["duration_ms"])


@contextmanager
def exclusive(database: Database, name: str) -> Iterator[None]:
    """Hold the lock in the collection `name`; wait for it first.

    A dead holder is detected by missing heartbeats, without comparing clocks of two machines.
    """
    collection = database.db[name]
    holder = secrets.token_hex(8)
    _acquire(collection, holder)
    done = threading.Event()
    heart = threading.Thread(target=_beat, args=(collection, holder, done), daemon=True)
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()
        collection.delete_one({"_id": LOCK, "holder": holder})


def _acquire(collection: Collection[Any], holder: str) -> None:
    seen, since = None, time.monotonic()
    while True:
        try:
            collection.insert_one({"_id": LOCK, "holder": holder, "beat": 0})
            return
        except DuplicateKeyError:
            current = collection.find_one({"_id": LOCK})
        if current != seen:
            seen, since = current, time.monotonic()
        elif current is not None and time.monotonic() - since > LOST_SECONDS:
            log.warning("the process that held the lock is gone; going on in its place")
            collection.delete_one(current)
        time.sleep(0.1)


def _beat(collection: Collection[Any], holder: str, done: threading.Event) -> None:
    while not done.wait(BEAT_SECONDS):
        try:
            collection.update_one({"_id": LOCK, "holder": holder}, {"$inc": {"beat": 1}})
        except PyMongoError as error:
            log.warning("could not renew the lock: %s", type(error).__name__)
