"""Web push at a running server: it dies, it was stopped for long, and there are two of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat.database.client import Database
from harness.people import app_beside, make_people, settle
from harness.servers import Server
from tests.conftest import drop, with_database
from tests.database.processes import wait_until
from tests.push.service import Browser, Service

OpenServer = Callable[[], Server]

SECRET = secrets.token_hex(32)


@pytest.fixture
def open_server(mongo_uri: str, service: Service, tmp_path: Path) -> Iterator[OpenServer]:
    """A function that makes one more server on the same database."""
    name = f"test_{secrets.token_hex(8)}"
    made: list[Server] = []

    def open_server() -> Server:
        server = Server(
            tmp_path / f"server{len(made)}",
            MONGO_URI=with_database(mongo_uri, name),
            SECRET_KEY=SECRET,
            RATE_LIMITS="off",
            PUSH_ENDPOINTS_PRIVATE="on",
            SSL_CERT_FILE=service.authority,
        )
        made.append(server)
        return server

    yield open_server
    for server in made:
        server.stop()
    drop(Database(mongo_uri), name)


def test_what_is_said_reaches_the_browser_although_a_server_was_killed(
    open_server: OpenServer, service: Service, tmp_path: Path
) -> None:
    """The first one holds the leases; they pass to the other one."""
    first, second = open_server().start(), open_server().start()
    settings = {"SECRET_KEY": SECRET, "RATE_LIMITS": False}
    with app_beside(tmp_path / "beside", first.mongo_uri, **settings) as app:
        ann, bob = make_people(app, "ann", "bob")
        browser = Browser(service.origin, ann.id)
        assert ann.put("/session/push", json=browser.subscription).status_code == 204
        room = bob.talk_to(ann)
        db = app.extensions["chat"].database.db
        wait_until(lambda: db["consumer"].find_one({"_id": "push"})["begun"])
        bob.say(room, "two servers are there")
        settle(app)  # or the servers find it within a minute
        assert browser.read(service.next())["seq"] == 1
        # One that is claimed is due in a minute, and what is said next joins it.
        wait_until(lambda: not db["push"].count_documents({}))
        first.kill()
        bob.say(room, "one was killed")
        settle(app)
        assert browser.read(service.next())["seq"] == 2
    second.stop()
    assert service.is_empty
