"""Putting back in order what pushes bring late, twice, out of turn or not at all."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chat.bots import log
from chat.bots.log import RoomLog, RoomLogs


def handle_all(room: RoomLog, handled: list[int]) -> None:
    """Handle whose turn it is, as the reader does."""
    while entry := room.next_entry():
        handled.append(entry["seq"])
        room.advance()


def entry(seq: int) -> dict[str, Any]:
    return {"id": f"m{seq}", "seq": seq, "created_at": seq}


@given(st.integers(1, 30).flatmap(lambda count: st.lists(st.integers(1, count), max_size=90)))
def test_pushes_in_any_order_and_a_fetch_are_handled_once_in_order(pushed: list[int]) -> None:
    room, handled = RoomLog("group", 0), list[int]()
    for seq in pushed:
        room.put(entry(seq))
        handle_all(room, handled)
        assert handled == list(range(1, len(handled) + 1))
    for seq in range(room.position + 1, 31):
        room.put(entry(seq))
        handle_all(room, handled)
    assert handled == list(range(1, 31))
    assert not room.has_gap


def test_early_entries_are_bounded_and_an_entry_in_turn_always_fits() -> None:
    room, handled = RoomLog("group", 0), list[int]()
    for seq in range(log.MAX_AHEAD + 10, 1, -1):
        room.put(entry(seq))
    handle_all(room, handled)
    assert handled == [] and room.has_gap
    for seq in range(1, log.MAX_AHEAD + 11):
        room.put(entry(seq))
        handle_all(room, handled)
    assert handled == list(range(1, log.MAX_AHEAD + 11))


def test_a_dropped_room_is_followed_no_longer() -> None:
    rooms = RoomLogs()
    rooms.add("a", "group", 7)
    assert rooms.positions("group") == {"a": 7}
    rooms.drop("a")
    assert rooms.positions("group") == {}
