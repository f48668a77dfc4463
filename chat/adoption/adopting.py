"""Adopting a database, or reporting what that would do."""

from __future__ import annotations

import time
from collections.abc import Callable

from pymongo.errors import PyMongoError

from chat import migrations
from chat.adoption.errors import AdoptionError
from chat.adoption.planning import Plan, make_plan
from chat.adoption.source import Found, Show, Source, open_source
from chat.adoption.writing import write
from chat.clock import now_ms
from chat.database.client import Database

COLLECTION = "adoption"  # the databases that were adopted, so that none is adopted twice

Say = Callable[[str], None]


def adopt(
    database: Database,
    from_uri: str | None,
    *,
    direct_when_two: bool,
    dry_run: bool,
    show: Show[Found],
    say: Say,
) -> None:
    """Adopt another database, or the chat's own in place; `dry_run` only reports.

    Raises AdoptionError if it is impossible or was interrupted; then the next call resumes it.
    """
    with open_source(from_uri, database.db) as source:
        if dry_run:
            if not _is_done(source, database, say):
                _plan(source, database, direct_when_two, show, say)
                say("This was a dry run: nothing was changed.")
            return
        with migrations.exclusive(database, COLLECTION):
            if not _is_done(source, database, say):
                plan = _plan(source, database, direct_when_two, show, say)
                _write(source, database, plan, show, say)


def _plan(
    source: Source, database: Database, direct_when_two: bool, show: Show[Found], say: Say
) -> Plan:
    say(f"From {source.name}:")
    try:
        plan = make_plan(source, database.db, direct_when_two, show)
    except KeyboardInterrupt:
        raise AdoptionError("Interrupted. Nothing was changed.") from None
    for line in plan.report.lines():
        say(line)
    return plan


def _write(source: Source, database: Database, plan: Plan, show: Show[Found], say: Say) -> None:
    if plan.is_empty:
        say("Nothing to do: everything is adopted.")
    started = time.monotonic()
    try:
        write(source, database, plan, show)
    except PyMongoError as error:
        raise AdoptionError(
            f"The database stopped half-way ({type(error).__name__}). What is written is good:"
            " the same command goes on from there."
        ) from error
    except KeyboardInterrupt:
        raise AdoptionError(
            "Interrupted. What is written is good: the same command goes on from there."
        ) from None
    if not source.in_place:
        # A second run must not restore adopted documents that users have changed or deleted.
        record = {"name": source.name, "adopted_at": now_ms()}
        database.db[COLLECTION].replace_one({"_id": source.name}, record, upsert=True)
    if not plan.is_empty:
        say(f"Adopted in {time.monotonic() - started:.0f} s.")


def _is_done(source: Source, database: Database, say: Say) -> bool:
    record = database.db[COLLECTION].find_one({"_id": source.name})
    if record is None:
        return False
    date = time.strftime("%Y-%m-%d %H:%M", time.gmtime(record["adopted_at"] / 1000))
    say(f"Nothing to do: {source.name} was adopted on {date} UTC.")
    return True
