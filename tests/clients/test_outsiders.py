"""Clients that others wrote, with their defaults: they talk, and come back after a restart."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from chat.database.client import Database
from harness.people import app_beside, make_people
from harness.servers import Server
from tests.clients.outsiders import Key, go_through, start_all
from tests.clients.programs import OTHERS, TRANSPORTS, USUAL
from tests.conftest import drop, with_database
from tests.sockets.conftest import Member

Failures = dict[Key, str]
AWAY = 8.0  # seconds without a server: longer than the first tries of every client


@contextmanager
def lived_through(
    names: Iterable[str], mongo_uri: str, folder: Path, seconds_away: float
) -> Iterator[Failures]:
    """Send the clients through everything on a server of their own and tell who fell short."""
    database = f"test_{secrets.token_hex(8)}"
    server = Server(folder, MONGO_URI=with_database(mongo_uri, database), RATE_LIMITS="off")
    with ExitStack() as stack:
        stack.callback(lambda: drop(Database(mongo_uri), database))
        stack.enter_context(server)
        app = stack.enter_context(app_beside(server.data_dir, server.mongo_uri, RATE_LIMITS=False))

        def make(count: int) -> list[Member]:
            people = make_people(app, *(f"person{number}" for number in range(count)))
            return [Member(person, server, stack) for person in people]

        write, outsiders = start_all(names, server, make)
        for outsider in outsiders:
            stack.enter_context(outsider.program)
        go_through(server, write, outsiders, seconds_away)
        yield {outsider.key: outsider.failure for outsider in outsiders}


@pytest.fixture(scope="module")
def quickly(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failures]:
    with lived_through(USUAL, mongo_uri, tmp_path_factory.mktemp("server"), 0) as failures:
        yield failures


@pytest.fixture(scope="module")
def thoroughly(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failures]:
    folder = tmp_path_factory.mktemp("server")
    with lived_through((*USUAL, *OTHERS), mongo_uri, folder, AWAY) as failures:
        yield failures


@pytest.mark.parametrize("transports", TRANSPORTS)
@pytest.mark.parametrize("name", USUAL)
def test_a_client_talks_and_survives_a_restart(
    quickly: Failures, name: str, transports: str
) -> None:
    assert not quickly[name, transports]


@pytest.mark.clients
@pytest.mark.parametrize("transports", TRANSPORTS)
@pytest.mark.parametrize("name", [*USUAL, *OTHERS])
def test_a_client_talks_and_survives_a_long_restart(
    thoroughly: Failures, name: str, transports: str
) -> None:
    assert not thoroughly[name, transports]
