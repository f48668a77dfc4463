"""How many commands a call costs on MongoDB, and what an insert says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chat.database.client import TIMEOUT_MS, Database
from chat.database.dialects import MONGODB
from chat.ids import new_id
from chat.models import Message
from chat.repositories.appends import Appended
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from tests.commands import Heard, heard  # noqa: F401 (a fixture)
from tests.conftest import with_database

ROOM = new_id()
USERS = [new_id() for _ in range(8)]


def message_at(seq: int) -> Message:
    user_id = USERS[seq % len(USERS)]
    return Message(new_id(), ROOM, user_id, seq, f"c{seq}", "hello", 1, 1)


STORED = [message_at(seq) for seq in range(1, 129)]
REPEATED = [message_at(seq) for seq in range(1, 65)]  # with other ids


@pytest.fixture
def listened(
    migrated: Database,
    mongo_uri: str,
    heard: Heard,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Database]:
    """The same database on a client whose commands are heard, as MongoDB."""
    monkeypatch.setattr(Database, "dialect", MONGODB)
    database = Database(with_database(mongo_uri, migrated.db.name))
    yield database
    database.close()


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda log: log.find_stored([*STORED[64:], *REPEATED]).keys(), 128),
        (lambda log: log.ids_at(ROOM, range(1, 200, 2)), 64),
        (lambda log: log.list_by_ids([one.id for one in STORED]), 128),
        (lambda log: [log.find_head(ROOM, 0)], 1),
        (lambda log: [log.find_first_seq(ROOM, 1)], 1),
    ],
    ids=["find_stored", "ids_at", "list_by_ids", "find_head", "find_first_seq"],
)
def test_a_lookup_of_many_messages_is_one_query(
    listened: Database,
    heard: Heard,  # noqa: F811
    ask: Callable[[MessageRepository], list[object]],
    expected: int,
) -> None:
    log = MessageRepository(listened)
    log.append(STORED)
    with heard.since_now() as commands:
        assert len(ask(log)) == expected
    assert [list(one)[0] for one in commands if "getMore" not in one] == ["find"]


def test_a_batch_is_one_insert_with_a_time_limit_that_a_majority_confirms(
    listened: Database, heard: Heard  # noqa: F811
) -> None:
    with heard.since_now() as commands:
        assert MessageRepository(listened).append(STORED) == Appended(len(STORED))
    (insert,) = commands
    assert insert["insert"] == "message" and insert["ordered"] is True
    assert insert["writeConcern"] == {"w": "majority", "j": True}
    assert 0 < insert["maxTimeMS"] <= TIMEOUT_MS


def test_nothing_to_append_asks_for_nothing(listened: Database, heard: Heard) -> None:  # noqa: F811
    with heard.since_now() as commands:
        assert MessageRepository(listened).append([]) == Appended(0)
        assert MessageRepository(listened).find_stored([]) == {}
        RoomRepository(listened).advance_heads([])
    assert commands == []
