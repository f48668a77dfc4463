"""What clients here know of a room is told once."""

from __future__ import annotations

from dataclasses import replace

from chat.models import Room
from chat.realtime.told_rooms import ToldRooms

GROUP = Room("7" * 24, "group", "1", "A group", "", "1", 0, None, 0, 5)
DIRECT = replace(GROUP, kind="direct", member_ids=("1", "2"))


def test_a_change_of_a_room_is_told_once() -> None:
    told = ToldRooms()
    assert told.is_told(GROUP), "nobody listens"
    told.start(GROUP)
    later = replace(GROUP, updated_at=6)
    assert told.is_told(GROUP) and not told.is_told(later)
    told.note_room(later)
    assert told.is_told(later)


def test_a_block_is_told_once_and_hides_who_is_online() -> None:
    told = ToldRooms()
    assert told.is_block_told(DIRECT), "nobody listens"
    told.start(DIRECT)
    blocked = replace(DIRECT, blocked_by=("1",), members_version=1)
    assert told.is_block_told(DIRECT) and not told.is_block_told(blocked)
    told.note_block(blocked)
    assert told.is_block_told(blocked) and told.with_presence() == {}
    ended = replace(DIRECT, members_version=2)
    assert not told.is_block_told(ended)
    told.note_block(ended)
    assert told.with_presence() == {DIRECT.id: "direct"}
    assert not told.is_block_told(replace(ended, members_version=4)), "one came and went"


def test_a_later_listener_changes_nothing_of_what_the_earlier_ones_were_told() -> None:
    told = ToldRooms()
    told.start(GROUP)
    told.start(replace(GROUP, updated_at=6))
    assert told.is_told(GROUP)


def test_a_room_without_listeners_is_not_kept() -> None:
    told = ToldRooms()
    told.note_room(GROUP)
    told.note_block(GROUP)
    assert told.with_presence() == {}
    for forget in (lambda: told.drop(GROUP.id), told.clear):
        told.start(GROUP)
        assert told.with_presence() == {GROUP.id: "group"}
        forget()
        assert told.with_presence() == {} and told.is_told(replace(GROUP, updated_at=6))
