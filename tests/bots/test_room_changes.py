"""Putting back in order what pushes say of changes: late, twice, out of turn or not at all."""

from __future__ import annotations

from typing import Any

from chat.bots import changes
from chat.bots.changes import ChangePosition, RoomChanges


def page(after_rev: int, last_rev: int, versions: dict[int, int]) -> dict[str, Any]:
    """Return what a push says: which messages (by seq) have which version now."""
    messages = [{"seq": seq, "version": version} for seq, version in versions.items()]
    return {"messages": messages, "after_rev": after_rev, "last_rev": last_rev}


def deliver_all(room: RoomChanges, position: int = 100) -> list[tuple[int, int]]:
    """Tell what is in turn, as the reader does; return seqs and versions."""
    delivered = []
    while entry := room.next_entry(position):
        delivered.append((entry["seq"], entry["version"]))
        room.record_delivered(entry)
    return delivered


def test_no_older_version_is_delivered_after_a_newer_one_and_none_twice() -> None:
    room = RoomChanges(ChangePosition(0))
    room.put(page(0, 1, {1: 3}))  # read when two later changes were applied already
    assert deliver_all(room) == [(1, 3)]
    room.put(page(1, 2, {1: 2, 2: 1}))
    room.put(page(2, 3, {1: 3}))
    room.put(page(0, 1, {1: 3}))
    assert deliver_all(room) == [(2, 1)] and room.rev == 3
    room.put(page(3, 4, {1: 4}))
    assert deliver_all(room) == [(1, 4)]


def test_an_early_page_waits_for_the_missing_one() -> None:
    room = RoomChanges(ChangePosition(0))
    room.put(page(2, 3, {2: 1}))
    room.put(page(1, 2, {3: 1}))
    assert deliver_all(room) == [] and room.is_behind
    room.put(page(0, 1, {1: 1}))
    assert deliver_all(room) == [(1, 1), (3, 1), (2, 1)]
    assert room.rev == 3 and not room.is_behind


def test_a_change_of_a_message_that_was_not_handled_yet_waits_for_it() -> None:
    room = RoomChanges(ChangePosition(0))
    room.put(page(0, 2, {1: 1, 5: 1}))
    assert deliver_all(room, position=4) == [(1, 1)] and room.is_behind
    assert deliver_all(room, position=5) == [(5, 1)] and not room.is_behind


def test_a_message_that_was_handled_in_its_present_version_is_not_delivered() -> None:
    room = RoomChanges(ChangePosition(0))
    room.record_delivered({"seq": 5, "version": 2})
    room.put(page(0, 2, {5: 2}))
    assert deliver_all(room) == [] and room.rev == 2


def test_waiting_pages_are_bounded_and_the_rest_is_fetched() -> None:
    room = RoomChanges(ChangePosition(0))
    for rev in range(changes.MAX_AHEAD + 10, 1, -1):
        room.put(page(rev - 1, rev, {rev: 1}))
    room.put(page(0, 1, {1: 1}))
    assert deliver_all(room) == [(1, 1)] and room.is_behind
    room.put_last(page(1, changes.MAX_AHEAD + 10, {seq: 1 for seq in range(2, 31)}))
    assert deliver_all(room) == [(seq, 1) for seq in range(2, 31)] and not room.is_behind


def test_recorded_versions_are_bounded() -> None:
    room = RoomChanges(ChangePosition(0))
    for seq in range(changes.MAX_VERSIONS + 10):
        room.record_delivered({"seq": seq, "version": 1})
    assert room.position is not None and len(room.position.versions) == changes.MAX_VERSIONS
    room.drop_versions()
    assert room.position == ChangePosition(0)


def test_a_room_with_an_unknown_rev_ignores_pages_and_then_fetches_the_rest() -> None:
    room = RoomChanges()
    room.put(page(4, 5, {1: 1}))
    assert (deliver_all(room), room.position, room.is_behind) == ([], None, False)
    room.begin(4)
    assert room.is_behind
    room.put_last(page(4, 5, {1: 1}))
    assert deliver_all(room) == [(1, 1)] and not room.is_behind


def test_a_room_that_is_reset_begins_anew() -> None:
    room = RoomChanges(ChangePosition(7, {1: 5}))
    room.put(page(8, 9, {1: 6}))
    room.reset()
    room.begin(2)
    room.put(page(2, 3, {1: 1}))
    assert deliver_all(room) == [(1, 1)] and room.position == ChangePosition(3, {1: 1})
