"""The ends of logs: cached, queried when needed, and written to their rooms."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from chat.database.client import Database
from chat.log import tails
from chat.log.room_log import RoomLog
from chat.models import Message, Room
from chat.repositories.messages import MessageRepository
from harness.servers import PATIENCE
from tests.log.desk import Desk, Listener, OpenDesk, message_in

LATELY = 600.0  # seconds: longer than any test


class Counted(MessageRepository):
    """Counts the queries for the end of a log."""

    asked = 0

    def find_head(self, room_id: str, from_seq: int) -> Message | None:
        self.asked += 1
        return super().find_head(room_id, from_seq)


@pytest.fixture
def messages(database: Database) -> Counted:
    return Counted(database)


@pytest.fixture
def desk(open_desk: OpenDesk, messages: Counted) -> Desk:
    return open_desk(messages)


def written_end(desk: Desk, room: Room) -> int:
    """Return `last_seq` of the room in the database after a flush."""
    assert desk.previews.flush()
    found = desk.rooms.find(room.id)
    assert found is not None
    return found.last_seq


def test_many_clients_that_reconnect_at_once_cost_one_query(
    desk: Desk, messages: Counted, room: Room, alice: str
) -> None:
    assert [desk.log.last_seq(room, LATELY) for _ in range(5)] == [0] * 5
    assert messages.asked == 1
    desk.send(room, alice, "hello").result(PATIENCE)
    assert desk.log.last_seq(room, LATELY) == 1
    assert messages.asked == 1, "a process that stored the last message knows the end"
    desk.store(room, 2, 2)
    assert desk.log.last_seq(room) == 2


def test_a_room_ahead_of_the_known_end_is_queried(desk: Desk, room: Room) -> None:
    desk.log.last_seq(room)
    desk.store(room, 1, 2)
    assert desk.log.last_seq(replace(room, last_seq=1), LATELY) == 2


def test_the_end_of_the_log_is_written_to_the_room_a_little_later(
    desk: Desk, room: Room, alice: str
) -> None:
    for number in range(3):
        desk.send(room, alice, str(number)).result(PATIENCE)
    seen = desk.log.with_tail(room)
    assert (seen.last_seq, seen.last_message and seen.last_message.data) == (3, "2")
    assert written_end(desk, room) == 3
    stored = desk.rooms.find(room.id)
    assert stored is not None and stored.last_message is not None
    assert stored.last_message.data == "2"


def test_the_preview_of_a_crashed_process_is_written_by_the_next_reader(
    desk: Desk, room: Room
) -> None:
    began = desk.database.now() - timedelta(seconds=1)
    desk.store(room, 1, 1)  # and its process crashed
    assert desk.log.last_seq(room) == 1
    assert written_end(desk, room) == 1
    assert [found.id for found in desk.rooms.list_touched(began)] == [room.id]


def test_a_preview_is_written_although_its_message_was_read_before(
    desk: Desk, room: Room, alice: str
) -> None:
    desk.follow(Listener(lambda _: desk.log.last_seq(room)))
    desk.send(room, alice, "hello").result(PATIENCE)
    assert written_end(desk, room) == 1


def test_the_preview_of_a_message_pushed_by_another_process_is_left_to_that_process(
    desk: Desk, room: Room
) -> None:
    (message,) = desk.store(room, 1, 1)
    desk.log.record_pushed_elsewhere(message)
    assert written_end(desk, room) == 0
    assert desk.log.last_seq(room) == desk.log.last_seq(room, LATELY) == 1


def test_the_known_end_never_decreases(desk: Desk, room: Room) -> None:
    first, second = desk.store(room, 1, 2)
    for message in (second, first):
        desk.log.record_pushed_elsewhere(message)
        desk.previews.put(message)
    assert desk.log.with_tail(room).last_message == second
    assert desk.log.known_id(room.id, 2) == second.id
    assert desk.log.known_id(room.id, 1) is None
    assert written_end(desk, room) == 2


def test_messages_are_read_with_the_names_of_their_senders(desk: Desk, room: Room) -> None:
    def sign(found: Iterable[Message]) -> list[Message]:
        return [replace(message, username="ada") for message in found]

    stored = desk.store(room, 1, 3)
    log = RoomLog(desk.messages, desk.changes, desk.rooms, desk.previews, sign)
    assert [found.username for found in log.read(room.id, 1, 2)] == ["ada", "ada"]
    assert log.ids_at(room.id, [1, 3, 9]) == {1: stored[0].id, 3: stored[2].id}


def test_the_last_used_rooms_and_all_tracked_rooms_stay_in_the_cache(
    open_desk: OpenDesk, messages: Counted, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "KNOWN_ROOMS", 3)
    desk = open_desk(messages)
    desk.log.track_room(room)
    (first,) = desk.store(room, 1, 1)
    desk.log.record_pushed_elsewhere(first)
    others = [desk.rooms.insert_group("7" * 24, str(number), "") for number in range(8)]
    for other in others:
        desk.log.last_seq(other)
    asked = messages.asked
    for other in others[-3:]:
        desk.log.last_seq(other, LATELY)
    assert messages.asked == asked
    desk.log.last_seq(others[0], LATELY)
    assert messages.asked == asked + 1
    assert desk.log.pushed_upto(room.id) == 1 and desk.log.with_tail(room).last_seq == 1


def test_the_cost_of_a_room_does_not_grow_with_the_tracked_rooms(
    open_desk: OpenDesk, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "KNOWN_ROOMS", 1)

    def seconds(listened: int) -> float:
        log = open_desk().log
        for number in range(listened):
            log.track_room(replace(room, id=f"listened {number}"))
        began = time.thread_time()
        for number in range(2_000):
            log.record_pushed_elsewhere(message_in(replace(room, id=str(number)), "7" * 24, seq=1))
        return time.thread_time() - began

    assert seconds(20_000) < 10 * seconds(0)  # a scan of all rooms costs more than 50 times as much


def test_a_forgotten_room_stays_tracked_until_it_is_untracked(
    desk: Desk, messages: Counted, room: Room
) -> None:
    desk.log.track_room(room)
    desk.log.last_seq(room)
    desk.log.forget(room.id)
    assert desk.log.last_seq(room, LATELY) == 0 and messages.asked == 2
    assert desk.log.tracked_rooms() == {room.id: "group"}
    desk.log.untrack_room(room.id)
    assert desk.log.tracked_rooms() == {}


def test_after_a_restore_the_earlier_end_of_a_log_is_read(
    desk: Desk, room: Room, alice: str
) -> None:
    for _ in range(3):
        desk.send(room, alice, "hello").result(PATIENCE)
    assert written_end(desk, room) == 3
    desk.log.track_room(desk.log.with_tail(room))
    desk.messages.delete_range(room.id, 2, 3)
    desk.log.forget_all()
    assert desk.log.last_seq(room) == 1 and desk.log.with_tail(room).last_seq == 1
    assert desk.log.pushed_upto(room.id) == 3, "the clients have not reconnected yet"
    desk.log.start_over()
    assert desk.log.tracked_rooms() == {}
    assert desk.send(room, alice, "again").result(PATIENCE).message.seq == 2
