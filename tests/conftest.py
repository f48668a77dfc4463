"""What every test stands on: a real database of its own, the app on it, a running server."""

from __future__ import annotations

import os
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pymongo
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from werkzeug.test import TestResponse

from chat import bundle, migrations
from chat.app import create_app, stop
from chat.concurrency import SPAWNED
from chat.database.client import Database
from chat.wiring import Services
from harness.servers import PATIENCE, Server
from tests.engines import DEFAULT, Engines, need_mongod, running
from tests.figures import Figures, figures  # noqa: F401 (a fixture of every test)
from tests.template import Template

# How long an example takes says more of this machine than of what is tested.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

MOST_WORKERS = 8  # each has a database, and many a browser


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Figures(), "figures")
    config.pluginmanager.register(Engines(), "engines")
    os.environ["FLASK_SKIP_DOTENV"] = "1"  # or a developer's own settings would be tested
    os.environ["SSL_CERT_FILE"] = os.devnull  # each app would read all authorities, for 20 ms
    # The page is tested as it ships; while its sources are being changed, by these themselves.
    os.environ.setdefault("BUNDLE", "on" if bundle.is_fresh() else "off")


def pytest_xdist_auto_num_workers() -> int:
    """Return one and a half for each core, because tests wait too."""
    return min((os.cpu_count() or 1) * 3 // 2, MOST_WORKERS)


def with_database(uri: str, name: str) -> str:
    """Return the URI with another database in it."""
    return urlunsplit(urlsplit(uri)._replace(path=f"/{name}"))


def drop(database: Database, name: str) -> None:
    """Drop a database and close the connection; that may take longer than an ordinary operation."""
    with pymongo.timeout(PATIENCE):
        database.db.client.drop_database(name)
    database.close()


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    """The name of the engine this test runs on; `tests/engines.py` says which."""
    name: str = getattr(request, "param", DEFAULT)
    return name


@pytest.fixture(scope="session")
def mongo_uri(engine: str) -> Iterator[str]:
    """The database server all tests on this engine share."""
    with running(engine) as uri:
        yield uri


@pytest.fixture
def mongod_starts() -> None:
    """Skip a test that needs a mongod where none starts."""
    need_mongod()


@pytest.fixture(params=["mongod", "secantusdb"])
def embedded_engine(request: pytest.FixtureRequest) -> str:
    """The setting DATABASE, for tests of what the embedded database does itself."""
    if request.param == "mongod":
        need_mongod()
    return str(request.param)


@pytest.fixture
def database_name() -> str:
    """A name that no other test has."""
    return f"test_{secrets.token_hex(8)}"


@pytest.fixture
def database(mongo_uri: str, database_name: str) -> Iterator[Database]:
    """An empty database of this test's own, dropped afterwards."""
    database = Database(with_database(mongo_uri, database_name))
    yield database
    drop(database, database_name)


@pytest.fixture(scope="session")
def template(mongo_uri: str) -> Template:
    """What the migrations make of an empty database."""
    name = f"test_{secrets.token_hex(8)}"
    database = Database(with_database(mongo_uri, name))
    migrations.upgrade(database)
    found = Template(database)
    drop(database, name)
    return found


@pytest.fixture(scope="session")
def migrated_names(mongo_uri: str) -> Iterator[deque[str]]:
    """The names of two databases for `migrated`, which are dropped in the end."""
    names = deque(f"test_{secrets.token_hex(8)}" for _ in range(2))
    yield names
    for name in names:
        drop(Database(mongo_uri), name)


@pytest.fixture
def migrated(mongo_uri: str, template: Template, migrated_names: deque[str]) -> Iterator[Database]:
    """A database as all migrations leave it.

    Tests use two of them in turns: what a test writes too late is deleted before anybody reads it.
    """
    migrated_names.rotate()
    database = Database(with_database(mongo_uri, migrated_names[0]))
    if not template.restore(database):
        database.db.client.drop_database(migrated_names[0])
        template.copy_to(database)
    yield database
    database.close()


class Client(FlaskClient):
    """Reads each answer to its end: an app that is stopped waits for those in progress."""

    def open(self, *args: Any, buffered: bool = True, **more: Any) -> TestResponse:
        return super().open(*args, buffered=buffered, **more)


def flush(services: Services) -> None:
    """Write what services write a little later."""
    for one in ("previews", "read_marks", "mention_marks", "quotas", "audit"):
        getattr(services, one).flush()


@pytest.fixture
def make_app(migrated: Database, mongo_uri: str, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """A function that makes an app on this test's database; settings are its keyword arguments."""
    made: list[Flask] = []
    defaults: dict[str, Any] = {
        "MONGO_URI": with_database(mongo_uri, migrated.db.name),
        "DATA_DIR": str(tmp_path / "var"),
        "SECRET_KEY": secrets.token_hex(32),
        "RATE_LIMITS": False,
        "MAIL": "terminal",
        "HOSTS": "chat.example.org",
    }

    def make(**settings: Any) -> Flask:
        app = create_app("config.Config", **(defaults | settings))
        app.test_client_class = Client
        made.append(app)
        return app

    yield make
    for app in made:
        flush(app.extensions["chat"])  # or the threads below would wait to write it
    for thread in threading.enumerate():
        if thread.name == SPAWNED:  # it would open a new connection to the database, and leave it
            thread.join(PATIENCE)
    for app in made:
        stop(app)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The app on a database of this test's own, without rate limits."""
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that calls the app over HTTP, in this process."""
    return app.test_client()


@pytest.fixture(scope="session")
def server(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One running server without rate limits, for all tests that bring users of their own."""
    name = f"test_{secrets.token_hex(8)}"
    server = Server(
        tmp_path_factory.mktemp("server"),
        MONGO_URI=with_database(mongo_uri, name),
        RATE_LIMITS="off",
    )
    with server:
        yield server
    drop(Database(mongo_uri), name)
