"""The ends of logs: known here, asked for when they must be, and told to everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chat.database.client import Database
from chat.models import Message, Room
from chat.repositories.documents import new_id
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from chat.services import heads as ends
from chat.services.heads import RoomHeads


class Counted(MessageRepository):
    """Counts how often it is asked for the end of a log."""

    asked = 0

    def find_head(self, room_id: str, from_seq: int) -> Message | None:
        self.asked += 1
        return super().find_head(room_id, from_seq)


@pytest.fixture
def messages(migrated: Database) -> Counted:
    return Counted(migrated)


@pytest.fixture
def rooms(migrated: Database) -> RoomRepository:
    return RoomRepository(migrated)


@pytest.fixture
def heads(rooms: RoomRepository, messages: Counted) -> Iterator[RoomHeads]:
    heads = RoomHeads(rooms, messages)
    yield heads
    assert heads.flush()


@pytest.fixture
def room(rooms: RoomRepository) -> Room:
    return rooms.insert_group(new_id(), "A group", "")


def store(messages: MessageRepository, room: Room, seq: int) -> Message:
    """Append one message as another process does, without telling of it."""
    message = Message(new_id(), room.id, new_id(), seq, f"c{seq}", "hello", 1, 1)
    assert messages.append([message]).stored == 1
    return message


def stored_seq(rooms: RoomRepository, room: Room) -> int:
    found = rooms.find(room.id)
    assert found is not None
    return found.last_seq


def test_many_who_come_back_at_once_ask_the_database_once(
    heads: RoomHeads, messages: Counted, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "LATELY", 60.0)
    assert [heads.read_lately(room) for _ in range(5)] == [0] * 5
    assert messages.asked == 1
    heads.advance(store(messages, room, 1))
    assert heads.read_lately(room) == 1
    assert messages.asked == 1, "who stores the last message knows the end"
    store(messages, room, 2)
    monkeypatch.setattr(ends, "LATELY", 0.0)
    assert heads.read_lately(room) == 2


def test_room_that_is_further_than_what_is_known_is_asked_for(
    heads: RoomHeads, messages: Counted, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "LATELY", 60.0)
    heads.read(room)
    store(messages, room, 1)
    store(messages, room, 2)
    assert heads.read_lately(replace(room, last_seq=1)) == 2


def test_message_that_nobody_told_of_is_told_of_by_who_finds_it(
    heads: RoomHeads, messages: Counted, rooms: RoomRepository, room: Room, migrated: Database
) -> None:
    began = migrated.now() - timedelta(seconds=1)
    store(messages, room, 1)  # and its process crashed
    assert heads.read(room) == 1
    assert heads.flush() and stored_seq(rooms, room) == 1
    assert [found.id for found in rooms.list_touched(began)] == [room.id]


def test_message_is_told_of_although_a_reader_saw_it_before_its_writer(
    heads: RoomHeads, messages: Counted, rooms: RoomRepository, room: Room
) -> None:
    message = store(messages, room, 1)
    heads.learn(message)
    heads.advance(message)
    assert heads.flush() and stored_seq(rooms, room) == 1


def test_what_is_known_never_goes_back(
    heads: RoomHeads, messages: Counted, rooms: RoomRepository, room: Room
) -> None:
    first, second = store(messages, room, 1), store(messages, room, 2)
    heads.advance(second)
    heads.advance(first)
    heads.learn(first)
    assert heads.known_seq(room.id) == 2
    assert heads.overlay(room).last_message == second
    assert heads.flush() and stored_seq(rooms, room) == 2
