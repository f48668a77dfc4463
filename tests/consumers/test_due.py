"""Which rooms a consumer looks at next."""

from __future__ import annotations

from chat.consumers.due import RETRIES, DueRooms
from chat.models import Room
from tests.clocks import Clock


def room(name: str) -> Room:
    return Room(name, "group", None, name, "", None, 0, None, 0, 0)


def test_rooms_that_failed_get_their_turn_while_many_others_are_due() -> None:
    clock = Clock(0.0)
    due = DueRooms(clock)
    for number in range(RETRIES + 10):
        due.failed(room(f"failed {number}"))
    clock.now = 2.0
    for number in range(300):
        due.put(room(f"new {number}"))
    taken = [one.id for one in due.take(256)]
    assert taken[:RETRIES] == [f"failed {number}" for number in range(RETRIES)]
    assert taken[RETRIES:] == [f"new {number}" for number in range(256 - RETRIES)]
    taken = [one.id for one in due.take(256)]
    assert taken[:10] == [f"failed {number}" for number in range(RETRIES, RETRIES + 10)]
    assert len(taken) == 10 + 300 - (256 - RETRIES)
    assert due.take(256) == []


def test_a_room_that_failed_is_not_taken_before_its_time() -> None:
    clock = Clock(0.0)
    due = DueRooms(clock)
    due.failed(room("failed"))
    assert due.take(256) == []
    clock.now = 1.0
    assert [one.id for one in due.take(256)] == ["failed"]
