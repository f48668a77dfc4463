"""An old database beside the chat's own, which nothing has touched yet."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask

from chat.adoption.adopting import adopt
from chat.adoption.source import Found
from chat.app import create_app, stop
from chat.database.client import Database
from tests.adoption.old_server import OldServer
from tests.conftest import Client, drop, with_database


class Adoption(NamedTuple):
    """What happens to the chat's database, and what is said of it."""

    database: Database
    old_uri: str

    def run(
        self, *, in_place: bool = False, dry_run: bool = False, direct_when_two: bool = False
    ) -> list[str]:
        """Adopt and return the lines that were printed."""
        lines: list[str] = []
        adopt(
            self.database,
            None if in_place else self.old_uri,
            direct_when_two=direct_when_two,
            dry_run=dry_run,
            show=_unshown,
            say=lines.append,
        )
        return lines


def _unshown(items: Any, _total: int, _what: str) -> Iterator[Found]:
    yield from items


@pytest.fixture
def old_database(mongo_uri: str) -> Iterator[Database]:
    """The database of an old server, dropped afterwards."""
    name = f"test_{secrets.token_hex(8)}"
    database = Database(with_database(mongo_uri, name))
    yield database
    drop(database, name)


@pytest.fixture
def old(old_database: Database) -> OldServer:
    """An old server of the usual shape."""
    return OldServer(old_database.db)


@pytest.fixture
def adoption(database: Database, old_database: Database, mongo_uri: str) -> Adoption:
    """Adopts the old database into an empty one."""
    return Adoption(database, with_database(mongo_uri, old_database.db.name))


@pytest.fixture
def open_app(database: Database, mongo_uri: str, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """A function that opens the app on the chat's database, whatever is in it by then."""
    made: list[Flask] = []

    def open_(**settings: Any) -> Flask:
        app = create_app(
            "config.Config",
            **{
                "MONGO_URI": with_database(mongo_uri, database.db.name),
                "DATA_DIR": str(tmp_path / "var"),
                "SECRET_KEY": secrets.token_hex(32),
                "RATE_LIMITS": False,
                "MAIL": "terminal",
                **settings,
            },
        )
        app.test_client_class = Client
        made.append(app)
        return app

    yield open_
    for app in made:
        stop(app)


def snapshot(database: Database) -> dict[str, Any]:
    """Return everything a database holds, but for what only says when it was done."""
    return {
        name: sorted(map(repr, database.db[name].find()))
        for name in sorted(database.db.list_collection_names())
        if name not in ("migration", "adoption")
    }
