"""On which database a test runs.

Most run on the product's default engine. Those in ON_BOTH that need a database run twice, and their
names end with its name: on SecantusDB, and on a replica set of one member of MongoDB, whose writes
a majority confirms and the driver repeats. All run on CHAT_TEST_MONGO_URI alone where it is given.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from chat.database.embedded import EmbeddedDatabase
from harness import programs
from harness.mongod import ReplicaSet, temporary_directory

ON_BOTH = (
    "tests/faults/",
    "tests/guarantees/",
    "tests/log/",
    "tests/repositories/",
    "tests/sockets/",
    "tests/test_key_migration.py",
    "tests/test_migrations.py",
)
DEFAULT, SECANTUSDB, REPLICA_SET = "default", "secantusdb", "replica-set"
IN_NAME = re.compile(rf"\[.*\b({SECANTUSDB}|{REPLICA_SET})\b.*\]$")
GIVEN = os.environ.get("CHAT_TEST_MONGO_URI")


@contextmanager
def replica_set(size: int) -> Iterator[ReplicaSet]:
    """Run a replica set for this block. Skip the test where no mongod starts, but not in CI."""
    if programs.mongod() is None and "CI" not in os.environ:
        pytest.skip("no mongod starts on this machine")
    with ReplicaSet(size) as found:
        yield found


@contextmanager
def running(engine: str) -> Iterator[str]:
    """Run a database for this block, and yield its URI."""
    if GIVEN is not None:
        yield GIVEN
    elif engine == REPLICA_SET:
        with replica_set(1) as found:
            yield found.uri
    else:
        chosen = "auto" if engine == DEFAULT else engine
        with temporary_directory() as directory:
            embedded = EmbeddedDatabase(directory, durable=False, engine=chosen)
            yield embedded.uri()
            embedded.stop(seconds=0)  # nobody reads it again


class Engines:
    """The plugin of pytest that gives tests their engines, and workers one engine at a time."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if (
            "engine" in metafunc.fixturenames
            and metafunc.definition.nodeid.startswith(ON_BOTH)
            and GIVEN is None
        ):
            both = [SECANTUSDB, REPLICA_SET]
            metafunc.parametrize("engine", both, indirect=True, scope="session")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put what runs on one engine together: a change starts a database and servers anew."""
        order = [DEFAULT, SECANTUSDB, REPLICA_SET]
        items.sort(key=lambda item: order.index(engine_of(item.nodeid)))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> ByFileAndEngine:
        return ByFileAndEngine(config, log)


class ByFileAndEngine(LoadFileScheduling):
    """Gives a worker all tests of a file that run on one engine."""

    def _split_scope(self, nodeid: str) -> str:
        return f"{super()._split_scope(nodeid)} {engine_of(nodeid)}"


def engine_of(nodeid: str) -> str:
    """Return the engine that a test's name ends with."""
    found = IN_NAME.search(nodeid)
    return DEFAULT if found is None else found[1]
