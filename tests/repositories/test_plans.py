"""No query, update or deletion of a repository reads a whole collection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chat.database.client import Database
from chat.database.dialects import MONGODB, SECANTUSDB
from tests.commands import Heard, heard  # noqa: F401 (a fixture)
from tests.conftest import with_database
from tests.repositories.every_method import Calls, call_every_method, public_methods

Command = dict[str, Any]

# Methods and the collections that they may read whole.
WHOLE = {
    # Commands of the operator, which list everything.
    ("UserRepository.list_all", "user"),
    ("RoomRepository.list_all", "room"),
    # For a rebuild, and to delete everything.
    ("SearchRepository.delete_all", "search"),
    # A document for each week.
    ("SearchRepository.weeks", "search_week"),
    ("SearchRepository.delete_of_room", "search_week"),
    # A document for each process that runs.
    ("PresenceRepository.list_leases", "process"),
    ("PresenceRepository.delete_orphans", "process"),
    # 16 documents for each process that runs.
    ("PresenceRepository.delete_orphans", "presence"),
    ("PresenceRepository.delete_process", "presence"),
}
# SecantusDB uses no index for a sort without a condition.
WHOLE_ON_SECANTUSDB = {
    # Names are kept in memory, and read once in five minutes.
    ("UserRepository.search", "user"),
    ("NameParts.find", "user"),
    # Once at a start.
    ("RoomRepository.list_latest", "room"),
    # By a job that runs once after an upgrade.
    ("RemovalRepository.list_after", "removal"),
    # A command of the operator.
    ("AuditRepository.list_latest", "audit"),
}


@pytest.fixture
def calls(migrated: Database, mongo_uri: str, heard: Heard) -> Iterator[Calls]:  # noqa: F811
    """Every public method, called once or more."""
    database = Database(with_database(mongo_uri, migrated.db.name))
    made = Calls(heard)
    call_every_method(made, database)
    yield made
    database.close()


def test_no_method_reads_a_whole_collection(calls: Calls, migrated: Database) -> None:
    whole = {
        (method, collection)
        for method, commands in calls.commands.items()
        for command in commands
        for collection, single in singles(command)
        if reads_whole(migrated, collection, single)
    }
    expected = WHOLE | (WHOLE_ON_SECANTUSDB if migrated.dialect is SECANTUSDB else set())
    assert whole == expected


def test_every_public_method_is_called(calls: Calls) -> None:
    assert calls.commands.keys() == public_methods()


@pytest.mark.parametrize("operation", ["find", "update", "delete", "aggregate"])
def test_a_filter_without_an_index_reads_the_whole_collection(
    migrated: Database, operation: str
) -> None:
    """So the test above can fail."""
    unindexed = {"kind": "text"}
    commands: dict[str, Command] = {
        "find": {"find": "message", "filter": unindexed},
        "update": {"update": "message", "updates": [{"q": unindexed, "u": {"$set": {"a": 1}}}]},
        "delete": {"delete": "message", "deletes": [{"q": unindexed, "limit": 0}]},
        "aggregate": {"aggregate": "message", "pipeline": [{"$match": unindexed}], "cursor": {}},
    }
    ((collection, single),) = singles(commands[operation])
    assert reads_whole(migrated, collection, single)


def singles(command: Command) -> Iterator[tuple[str, Command]]:
    """Yield the collection and the command that `explain` takes, for each part of a command."""
    name = next(iter(command))
    collection = command[name]
    if name in ("update", "delete"):
        parts = f"{name}s"
        for part in command[parts]:
            yield collection, {name: collection, parts: [part]}
    elif name in ("find", "count", "distinct", "aggregate", "findAndModify"):
        kept = ("filter", "sort", "limit", "query", "key", "pipeline", "cursor", "update", "new")
        yield collection, {
            name: collection,
            **{key: command[key] for key in kept if key in command},
        }
    else:
        assert name in ("insert", "hello", "buildInfo", "getMore"), name


def reads_whole(database: Database, collection: str, command: Command) -> bool:
    """Return whether a command reads the whole collection."""
    if database.dialect is MONGODB:
        return is_scan(database, command)
    # SecantusDB explains a filter with other conditions than those of an index as a scan, although
    # it reads by the index, and all updates and deletions too.
    condition = filter_of(command)
    return all(
        is_scan(database, {"find": collection, "filter": found})
        for found in indexed_parts(database, collection, condition)
    )


def is_scan(database: Database, command: Command) -> bool:
    answer = database.db.command({"explain": command, "verbosity": "queryPlanner"})
    return "COLLSCAN" in str([answer.get("queryPlanner"), answer.get("stages")])


def filter_of(command: Command) -> Command:
    found: Command
    if "pipeline" in command:
        found = command["pipeline"][0].get("$match", {})
    elif "updates" in command or "deletes" in command:
        (part,) = command.get("updates") or command["deletes"]
        found = part["q"]
    else:
        found = command.get("filter") or command.get("query") or {}
    return found


def indexed_parts(database: Database, collection: str, condition: Command) -> list[Command]:
    """Return the parts of a filter that concern the fields of one index, and the whole."""
    found = [condition]
    for index in database.db[collection].index_information().values():
        fields = [field for field, _ in index["key"]]
        partial = list(index.get("partialFilterExpression", {}))
        part = {field: condition[field] for field in [*fields, *partial] if field in condition}
        if fields[0] in part and all(field in part for field in partial):
            found.append(part)
    return found
