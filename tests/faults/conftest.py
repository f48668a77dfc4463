"""A server on a database of its own that tests may injure, and a crowd that talks meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chat.database.client import time_limit
from chat.database.embedded import EmbeddedDatabase
from harness.people import app_beside, make_people
from harness.servers import Server
from tests.faults.senders import Listener, Sender
from tests.sockets.conftest import Member

SENDERS = 16


class Crowd:
    """Sixteen people who send to one group without a pause; `owner` made it and only listens."""

    def __init__(self, members: list[Member]) -> None:
        self.owner, *others = members
        self.room: dict[str, Any] = self.owner.create_group(*others)
        self.listener = Listener(self.owner)
        self.senders = [Sender(member, self.room) for member in others]
        for sender in self.senders:
            sender.start()

    def finish(self) -> None:
        """Let all repeat what was not acked until everything is, and then be silent."""
        for sender in self.senders:
            sender.finish()

    def leave(self) -> None:
        """Let all fall silent at once."""
        for sender in self.senders:
            sender.leave()


@pytest.fixture
def crashing(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of this test's own, on the embedded database."""
    engine = "auto"
    if "embedded_engine" in request.fixturenames:
        engine = request.getfixturevalue("embedded_engine")
    with Server(tmp_path / "var", RATE_LIMITS="off", DATABASE=engine) as server:
        yield server


def database_pid(server: Server) -> int:
    """Return the process id of the server's embedded database."""
    return int(database_record(server)["pid"])


def database_uri(server: Server) -> str:
    """Return the URI of the server's embedded database, which is running."""
    return EmbeddedDatabase(server.data_dir).uri()


def database_record(server: Server) -> dict[str, Any]:
    """Return where the server's embedded database listens, and its process id."""
    record: dict[str, Any] = json.loads((server.data_dir / "database" / "record.json").read_text())
    return record


@pytest.fixture
def uri(crashing: Server) -> str:
    """The URI of its database."""
    return database_uri(crashing)


@pytest.fixture
def people(crashing: Server, uri: str) -> Iterator[Callable[..., list[Member]]]:
    """A function that makes people on it."""
    with ExitStack() as stack, app_beside(crashing.data_dir, uri, RATE_LIMITS=False) as app:

        def make(*names: str) -> list[Member]:
            return [Member(person, crashing, stack) for person in make_people(app, *names)]

        yield make
        # The database may be gone by now; nobody waits for what the app would still tell it.
        stack.enter_context(time_limit(2))


@pytest.fixture
def crowd(people: Callable[..., list[Member]]) -> Iterator[Crowd]:
    """Sixteen people who are sending already."""
    crowd = Crowd(people("owner", *(f"sender{number}" for number in range(SENDERS))))
    yield crowd
    for sender in crowd.senders:
        sender.abandon()
