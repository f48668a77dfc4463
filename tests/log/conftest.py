"""Logs of several processes on one database, and a room to write in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chat.database.client import Database
from chat.ids import new_id
from chat.models import Room
from chat.repositories.changes import ChangeRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from harness.servers import PATIENCE
from tests.log.desk import Desk, OpenDesk


@pytest.fixture
def database(migrated: Database) -> Database:
    """The migrated database: its unique indexes decide between processes."""
    return migrated


@pytest.fixture
def open_desk(database: Database) -> Iterator[OpenDesk]:
    """A function that opens the log of one more process; all are closed at the end."""
    desks: list[Desk] = []

    def open_desk(
        messages: MessageRepository | None = None, changes: ChangeRepository | None = None
    ) -> Desk:
        desk = Desk(
            database,
            messages or MessageRepository(database),
            changes or ChangeRepository(database),
        )
        desks.append(desk)
        return desk

    yield open_desk
    for desk in desks:
        assert desk.log.close(PATIENCE) and desk.previews.flush()


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    return open_desk()


@pytest.fixture
def room(database: Database) -> Room:
    return RoomRepository(database).insert_group(new_id(), "A group", "")


@pytest.fixture
def alice() -> str:
    return new_id()
