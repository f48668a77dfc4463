"""What has been pushed is known even when it was not pushed in order."""

from __future__ import annotations

from chat.models import Room
from chat.realtime.push_log import PushLog


def room(last_seq: int, updated_at: int = 0) -> Room:
    return Room("room", "group", "1", "A group", "", "1", last_seq, None, 0, updated_at)


def test_end_moves_with_what_is_pushed_in_order() -> None:
    log = PushLog()
    log.start(room(4))
    for seq in (5, 6, 7):
        log.note("room", seq)
    assert log.upto("room") == 7
    assert log.is_pushed("room", 7) and not log.is_pushed("room", 8)


def test_end_waits_at_a_gap_until_it_is_filled() -> None:
    log = PushLog()
    log.start(room(0))
    for seq in (2, 3, 5):
        log.note("room", seq)
    assert log.upto("room") == 0
    assert [seq for seq in range(1, 7) if not log.is_pushed("room", seq)] == [1, 4, 6]
    log.note("room", 1)
    assert log.upto("room") == 3
    log.note("room", 4)
    assert log.upto("room") == 5


def test_later_listener_does_not_move_the_end() -> None:
    log = PushLog()
    log.start(room(2))
    log.note("room", 3)
    log.start(room(9))
    assert log.upto("room") == 3


def test_room_without_listeners_is_not_kept() -> None:
    log = PushLog()
    log.note("room", 1)
    assert log.upto("room") is None and log.rooms() == {}
    log.start(room(1))
    log.drop("room")
    assert log.rooms() == {} and not log.is_pushed("room", 1)


def test_change_of_a_room_is_told_once() -> None:
    log = PushLog()
    assert log.is_told(room(0, 5)), "nobody listens"
    log.start(room(0, 5))
    assert log.is_told(room(0, 5)) and not log.is_told(room(0, 6))
    log.note_room(room(0, 6))
    assert log.is_told(room(0, 6))
