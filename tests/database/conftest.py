"""The embedded database of a test, with each engine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat.database.embedded import EmbeddedDatabase
from tests.database.processes import Starter
from tests.engines import need_mongod


@pytest.fixture(params=["mongod", "secantusdb"])
def embedded_engine(request: pytest.FixtureRequest) -> str:
    """The engine of the embedded database, as the setting DATABASE names it."""
    if request.param == "mongod":
        need_mongod()
    return str(request.param)


@pytest.fixture
def mongod_starts() -> None:
    """Skip a test that needs a mongod where none starts."""
    need_mongod()


@pytest.fixture
def starter(tmp_path: Path, embedded_engine: str) -> Iterator[Callable[[], Starter]]:
    """A function that starts another process on the same directory."""
    started: list[Starter] = []

    def start() -> Starter:
        started.append(Starter(tmp_path, embedded_engine))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()


@pytest.fixture
def own(tmp_path: Path, embedded_engine: str) -> Iterator[EmbeddedDatabase]:
    """The database of this process, started at first use."""
    database = EmbeddedDatabase(tmp_path, engine=embedded_engine)
    yield database
    pid = database.child_pid
    if pid is not None:
        os.kill(pid, signal.SIGKILL)  # a clean stop of SecantusDB takes two seconds
    database.stop()
