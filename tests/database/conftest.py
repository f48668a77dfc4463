"""The embedded database of a test, with each engine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat.database.embedded import EmbeddedDatabase
from tests.database.processes import Starter


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
