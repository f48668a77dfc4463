"""On which database a test runs.

Most run on the engine that the product chooses. ENGINES lists the exceptions, which need a database
and whose names end with the engine's: SecantusDB, and a replica set of one member of MongoDB, whose
writes a majority confirms and the driver repeats. Where CHAT_TEST_MONGO_URI is given, all tests run
on that database alone.
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
from chat.database.engines.mongod import MissingProgram, find_program
from harness.mongod import ReplicaSet, temporary_directory

DEFAULT, SECANTUSDB, REPLICA_SET = "default", "secantusdb", "replica-set"
BOTH = (SECANTUSDB, REPLICA_SET)
ENGINES: dict[str, tuple[str, ...]] = {  # by the beginning of a test's name; the first one counts
    "tests/consumers/test_runner.py": BOTH,
    "tests/faults/test_ready.py": (),  # of Redis, and of databases of its own
    "tests/faults/": (REPLICA_SET,),  # what injures SecantusDB starts its own
    "tests/guarantees/test_injuries.py::test_clock": (REPLICA_SET,),  # clocks are asked alike
    "tests/guarantees/": BOTH,
    "tests/log/": BOTH,
    "tests/repositories/": BOTH,
    "tests/sockets/test_sizes.py": (),  # takes long, and asks little of the engine
    "tests/sockets/": (REPLICA_SET,),
    "tests/test_key_migration.py": BOTH,
    "tests/test_migrations.py": BOTH,
}
IN_NAME = re.compile(rf"\[.*\b({SECANTUSDB}|{REPLICA_SET})\b.*\]$")
NEEDS_MONGOD = "CHAT_TEST_NEEDS_MONGOD"
GIVEN = os.environ.get("CHAT_TEST_MONGO_URI")


def need_mongod() -> None:
    """Skip the test where no mongod starts.

    With NEEDS_MONGOD in the environment, as in continuous integration, it fails there.
    """
    try:
        find_program()
    except MissingProgram as error:
        if NEEDS_MONGOD in os.environ:
            raise
        pytest.skip(str(error))


@contextmanager
def replica_set(size: int) -> Iterator[ReplicaSet]:
    """Run a replica set for this block."""
    need_mongod()
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
        name = metafunc.definition.nodeid
        engines = next((found for start, found in ENGINES.items() if name.startswith(start)), ())
        if "engine" in metafunc.fixturenames and engines and GIVEN is None:
            metafunc.parametrize("engine", engines, indirect=True, scope="session")

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
