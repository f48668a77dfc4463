"""The state of a room is pushed once."""

from __future__ import annotations

from dataclasses import replace

from chat.models import Room
from chat.realtime.pushed_rooms import PushedRooms

GROUP = Room("7" * 24, "group", "1", "A group", "", "1", 0, None, 0, 5)
DIRECT = replace(GROUP, kind="direct", member_ids=("1", "2"))


def test_changed_details_of_a_room_are_pushed_once() -> None:
    pushed = PushedRooms()
    assert pushed.has_details(GROUP), "the room is not tracked"
    pushed.track(GROUP)
    later = replace(GROUP, updated_at=6)
    assert pushed.has_details(GROUP) and not pushed.has_details(later)
    pushed.record_details(later)
    assert pushed.has_details(later)


def test_a_block_is_pushed_once_and_hides_presence() -> None:
    pushed = PushedRooms()
    assert pushed.has_block(DIRECT), "the room is not tracked"
    pushed.track(DIRECT)
    blocked = replace(DIRECT, blocked_by=("1",), members_version=1)
    assert pushed.has_block(DIRECT) and not pushed.has_block(blocked)
    pushed.record_block(blocked)
    assert pushed.has_block(blocked) and pushed.with_presence() == {}
    ended = replace(DIRECT, members_version=2)
    assert not pushed.has_block(ended)
    pushed.record_block(ended)
    assert pushed.with_presence() == {DIRECT.id: "direct"}
    assert not pushed.has_block(replace(ended, members_version=4)), "a block began and ended since"


def test_tracking_a_room_again_keeps_its_pushed_state() -> None:
    pushed = PushedRooms()
    pushed.track(GROUP)
    pushed.track(replace(GROUP, updated_at=6))
    assert pushed.has_details(GROUP)


def test_an_untracked_room_is_not_kept() -> None:
    pushed = PushedRooms()
    pushed.record_details(GROUP)
    pushed.record_block(GROUP)
    assert pushed.with_presence() == {}
    for forget in (lambda: pushed.untrack(GROUP.id), pushed.clear):
        pushed.track(GROUP)
        assert pushed.with_presence() == {GROUP.id: "group"}
        forget()
        assert pushed.with_presence() == {} and pushed.has_details(replace(GROUP, updated_at=6))
