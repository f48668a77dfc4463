"""Apps shared by many tests, each with users of its own, and a real SMTP server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat import migrations
from chat.app import create_app, stop
from chat.database.client import Database
from harness.people import Person, make_people
from tests.conftest import drop, with_database
from tests.mailbox import Mailbox


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    """One SMTP server for all tests: each asks for mail to addresses of its own."""
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture(scope="session")
def shared_app(
    mongo_uri: str, mailbox: Mailbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """One app for all tests that only need users of their own; its mail arrives in the mailbox."""
    name = f"test_{secrets.token_hex(8)}"
    data_dir: Path = tmp_path_factory.mktemp("shared")
    app = create_app(
        "config.Config",
        MONGO_URI=with_database(mongo_uri, name),
        DATA_DIR=str(data_dir),
        SECRET_KEY=secrets.token_hex(32),
        RATE_LIMITS=False,
        HOSTS="chat.example.org",
        **mailbox.settings,
    )
    database: Database = app.extensions["chat"].database
    migrations.upgrade(database)
    yield app
    stop(app)
    drop(database, name)


@pytest.fixture
def mailing(shared_app: Flask) -> FlaskClient:
    """A client of an app whose mail arrives in the mailbox."""
    return shared_app.test_client()


@pytest.fixture(scope="module")
def people(shared_app: Flask) -> list[Person]:
    return make_people(shared_app, "ada", "bob", "eve")


@pytest.fixture(scope="module")
def ada(people: list[Person]) -> Person:
    return people[0]


@pytest.fixture(scope="module")
def bob(people: list[Person]) -> Person:
    return people[1]


@pytest.fixture(scope="module")
def eve(people: list[Person]) -> Person:
    """Somebody who shares no room with the others."""
    return people[2]


@pytest.fixture
def room(ada: Person, bob: Person) -> dict[str, Any]:
    return ada.create_group(bob)
