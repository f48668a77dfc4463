"""Putting back in order what pushes say of changes: late, twice, out of turn or not at all."""

from __future__ import annotations

from typing import Any

from chat.bots import changes
from chat.bots.changes import RoomChanges, Told


def page(after_rev: int, last_rev: int, versions: dict[int, int]) -> dict[str, Any]:
    """Return what a push says: which messages (by seq) have which version now."""
    messages = [{"seq": seq, "version": version} for seq, version in versions.items()]
    return {"messages": messages, "after_rev": after_rev, "last_rev": last_rev}


def tell_all(room: RoomChanges, position: int = 100) -> list[tuple[int, int]]:
    """Tell what is in turn, as the reader does; return seqs and versions."""
    told = []
    while entry := room.take(position):
        told.append((entry["seq"], entry["version"]))
        room.note(entry)
    return told


def test_no_older_version_is_told_after_a_newer_one_and_none_twice() -> None:
    room = RoomChanges(Told(0))
    room.put(page(0, 1, {1: 3}))  # read when two later changes were applied already
    assert tell_all(room) == [(1, 3)]
    room.put(page(1, 2, {1: 2, 2: 1}))
    room.put(page(2, 3, {1: 3}))
    room.put(page(0, 1, {1: 3}))
    assert tell_all(room) == [(2, 1)] and room.rev == 3
    room.put(page(3, 4, {1: 4}))
    assert tell_all(room) == [(1, 4)]


def test_what_comes_ahead_waits_for_what_is_missing() -> None:
    room = RoomChanges(Told(0))
    room.put(page(2, 3, {2: 1}))
    room.put(page(1, 2, {3: 1}))
    assert tell_all(room) == [] and room.is_behind
    room.put(page(0, 1, {1: 1}))
    assert tell_all(room) == [(1, 1), (3, 1), (2, 1)]
    assert room.rev == 3 and not room.is_behind


def test_a_change_of_a_message_that_was_not_handled_yet_waits_for_it() -> None:
    room = RoomChanges(Told(0))
    room.put(page(0, 2, {1: 1, 5: 1}))
    assert tell_all(room, position=4) == [(1, 1)] and room.is_behind
    assert tell_all(room, position=5) == [(5, 1)] and not room.is_behind


def test_a_message_that_was_handled_in_its_present_version_is_not_told_of() -> None:
    room = RoomChanges(Told(0))
    room.note({"seq": 5, "version": 2})
    room.put(page(0, 2, {5: 2}))
    assert tell_all(room) == [] and room.rev == 2


def test_what_waits_is_bounded_and_is_then_asked_for() -> None:
    room = RoomChanges(Told(0))
    for rev in range(changes.MAX_AHEAD + 10, 1, -1):
        room.put(page(rev - 1, rev, {rev: 1}))
    room.put(page(0, 1, {1: 1}))
    assert tell_all(room) == [(1, 1)] and room.is_behind
    room.put_last(page(1, changes.MAX_AHEAD + 10, {seq: 1 for seq in range(2, 31)}))
    assert tell_all(room) == [(seq, 1) for seq in range(2, 31)] and not room.is_behind


def test_versions_that_are_remembered_are_bounded() -> None:
    room = RoomChanges(Told(0))
    for seq in range(changes.MAX_TOLD + 10):
        room.note({"seq": seq, "version": 1})
    assert room.told is not None and len(room.told.versions) == changes.MAX_TOLD
    room.forget_versions()
    assert room.told == Told(0)


def test_a_room_whose_rev_is_not_known_takes_nothing_in_and_then_asks_for_the_rest() -> None:
    room = RoomChanges()
    room.put(page(4, 5, {1: 1}))
    assert (tell_all(room), room.told, room.is_behind) == ([], None, False)
    room.begin(4)
    assert room.is_behind
    room.put_last(page(4, 5, {1: 1}))
    assert tell_all(room) == [(1, 1)] and not room.is_behind


def test_a_room_that_is_forgotten_begins_anew() -> None:
    room = RoomChanges(Told(7, {1: 5}))
    room.put(page(8, 9, {1: 6}))
    room.forget()
    room.begin(2)
    room.put(page(2, 3, {1: 1}))
    assert tell_all(room) == [(1, 1)] and room.told == Told(3, {1: 1})
