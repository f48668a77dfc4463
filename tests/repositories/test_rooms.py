"""Rooms in the database: numbers, direct rooms, and the copy of a log's tail."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from chat.database.client import Database
from chat.errors import NotFound
from chat.ids import new_id
from chat.models import Message
from chat.repositories.documents import object_id
from chat.repositories.messages import PREVIEW_LENGTH
from chat.repositories.rooms import RoomRepository, member_key
from harness.servers import PATIENCE

T = TypeVar("T")


@pytest.fixture
def rooms(migrated: Database) -> RoomRepository:
    return RoomRepository(migrated)


@pytest.fixture
def alice() -> str:
    return new_id()


@pytest.fixture
def bob() -> str:
    return new_id()


def message_in(room_id: str, seq: int, data: str = "hello") -> Message:
    return Message(new_id(), room_id, new_id(), seq, "c", data, created_at=1, updated_at=1)


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Make all calls at the same moment, each in a thread; return what they returned, in order."""
    together = threading.Barrier(len(calls))
    returned: dict[int, T] = {}

    def run(number: int) -> None:
        together.wait(PATIENCE)
        returned[number] = calls[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return [returned[number] for number in range(len(calls))]


def test_a_group_is_found_by_id_number_and_owner(rooms: RoomRepository, alice: str) -> None:
    group = rooms.insert_group(alice, "Tea", "at five")
    assert (group.kind, group.name, group.info) == ("group", "Tea", "at five")
    assert (group.owner_id, group.last_seq, group.last_message) == (alice, 0, None)
    assert group.number is not None and len(group.number) == 9
    assert rooms.find(group.id) == rooms.find_by_number(group.number) == group
    assert rooms.find_group_of(alice, "Tea") == group
    assert rooms.find_group_of(new_id(), "Tea") is None
    assert rooms.list_by_ids([group.id, new_id(), "x"]) == [group]


@pytest.mark.parametrize("room_id", ["", "x", "$gt", "0" * 24, "G" * 24])
def test_an_id_that_names_no_room_finds_none(rooms: RoomRepository, room_id: str) -> None:
    assert rooms.find(room_id) is None
    assert rooms.delete(room_id, new_id()) is False
    with pytest.raises(NotFound):
        rooms.update(room_id, {"name": "Mine"})


def test_a_number_that_a_group_has_is_not_given_again(
    rooms: RoomRepository, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([5, 5, 5, 7])
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(drawn))
    numbers = [rooms.insert_group(alice, "Tea", "").number for _ in range(2)]
    assert numbers == ["100000005", "100000007"]


def test_the_key_of_two_users_does_not_depend_on_their_order(alice: str, bob: str) -> None:
    assert member_key(alice, bob) == member_key(bob, alice) != member_key(alice, alice)


def test_two_people_have_one_room(rooms: RoomRepository, alice: str, bob: str) -> None:
    room = rooms.insert_direct(alice, bob)
    assert room is not None
    assert (room.kind, room.number, room.name, room.owner_id) == ("direct", None, None, None)
    assert room.member_ids == tuple(sorted((alice, bob)))
    assert rooms.insert_direct(bob, alice) is None
    assert rooms.find_direct(alice, bob) == rooms.find_direct(bob, alice) == room
    assert rooms.find_direct(alice, new_id()) is None


def test_concurrent_inserts_create_one_direct_room(rooms: RoomRepository) -> None:
    for _ in range(10):
        alice, bob = new_id(), new_id()
        made = at_once(
            lambda: rooms.insert_direct(alice, bob), lambda: rooms.insert_direct(bob, alice)
        )
        (room,) = (one for one in made if one is not None)
        assert rooms.find_direct(alice, bob) == room


def test_many_direct_rooms_and_groups_stand_beside_each_other(
    rooms: RoomRepository, alice: str
) -> None:
    assert all(rooms.insert_direct(alice, new_id()) for _ in range(3))
    assert len({rooms.insert_group(alice, "Tea", "").id for _ in range(3)}) == 3


def test_a_room_is_changed_in_what_is_named(rooms: RoomRepository, alice: str, bob: str) -> None:
    group = rooms.insert_group(alice, "Tea", "at five")
    renamed = rooms.update(group.id, {"name": "Coffee"})
    assert (renamed.name, renamed.info, renamed.owner_id) == ("Coffee", "at five", alice)
    assert rooms.delete(group.id, bob) is False
    assert rooms.find(group.id) == renamed
    assert rooms.delete(group.id, alice) is True
    assert rooms.find(group.id) is None


def test_a_group_gets_another_owner_while_owner_and_members_are_those_that_were_read(
    rooms: RoomRepository, alice: str, bob: str
) -> None:
    group = rooms.insert_group(alice, "Tea", "")
    handed_over = rooms.change_owner(group, bob)
    assert handed_over is not None and handed_over.owner_id == bob
    assert rooms.find_group_of(bob, "Tea") == handed_over
    assert rooms.change_owner(group, alice) is None  # the owner is another one
    rooms.touch_members(group.id)
    assert rooms.change_owner(handed_over, alice) is None  # the members changed
    found = rooms.find(group.id)
    assert found is not None and found.owner_id == bob
    assert rooms.change_owner(found, alice) is not None
    assert rooms.change_owner(rooms.insert_group(alice, "Tea", ""), bob) is not None


def test_a_room_is_deleted_while_its_members_are_those_that_were_read(
    rooms: RoomRepository, alice: str, bob: str
) -> None:
    group, direct = rooms.insert_group(alice, "Tea", ""), rooms.insert_direct(alice, bob)
    assert direct is not None
    for room in (group, direct):
        rooms.touch_members(room.id)
        assert rooms.delete(room.id, room.owner_id, room.members_version) is False
        assert rooms.delete(room.id, room.owner_id, room.members_version + 1) is True
        assert rooms.touch_members(room.id) is None


def test_others_find_what_was_deleted_lately_and_is_gone(
    rooms: RoomRepository, migrated: Database, alice: str
) -> None:
    gone, old, kept = (rooms.insert_group(alice, name, "") for name in ("gone", "old", "kept"))
    for room in (gone, old):
        rooms.delete(room.id, alice)
    notes = migrated.db["deleted_room"]
    notes.update_one(
        {"_id": object_id(old.id)}, {"$set": {"deleted_at": datetime.now(UTC) - timedelta(hours=1)}}
    )
    # As a process leaves it that dies between the note and the deletion.
    notes.insert_one({"_id": object_id(kept.id), "deleted_at": datetime.now(UTC)})
    assert rooms.list_deleted(migrated.now() - timedelta(minutes=1)) == {gone.id}


def test_the_end_of_a_log_never_goes_back(rooms: RoomRepository, alice: str) -> None:
    group = rooms.insert_group(alice, "Tea", "")
    long = message_in(group.id, 5, "😀" * (PREVIEW_LENGTH + 1))
    rooms.advance_heads([long])
    rooms.advance_heads([message_in(group.id, 4), message_in(group.id, 5)])
    stored = rooms.find(group.id)
    assert stored is not None and stored.last_message is not None
    assert (stored.last_seq, stored.last_message.id) == (5, long.id)
    assert stored.last_message.data == "😀" * PREVIEW_LENGTH
    rooms.advance_heads([])


def test_what_changes_of_a_room_shows_among_the_rooms_touched_lately(
    rooms: RoomRepository, migrated: Database, alice: str
) -> None:
    group = rooms.insert_group(alice, "Tea", "")
    rooms.touch_members(rooms.insert_group(alice, "Long ago", "").id)
    a_minute_ago = migrated.now() - timedelta(minutes=1)
    for change in (
        lambda: rooms.touch_members(group.id),
        lambda: rooms.advance_heads([message_in(group.id, 1)]),
        lambda: rooms.update(group.id, {"info": "now"}),
    ):
        migrated.db["room"].update_many({}, {"$unset": {"touched_at": ""}})
        assert rooms.list_touched(a_minute_ago) == []
        change()
        assert rooms.list_touched(a_minute_ago) == [rooms.find(group.id)]


def test_a_change_of_members_counts(rooms: RoomRepository, alice: str) -> None:
    group = rooms.insert_group(alice, "Tea", "")
    versions = [group.members_version]
    for _ in range(2):
        found = rooms.touch_members(group.id)
        assert found is not None and found == rooms.find(group.id)
        versions.append(found.members_version)
    assert versions == [0, 1, 2]


def test_a_room_without_what_was_added_is_a_group(
    rooms: RoomRepository, migrated: Database, alice: str
) -> None:
    """Rooms of the known design have neither kind nor last_seq, and may share a number."""
    old = {"number": "", "name": "Old", "info": "", "created_at": 1, "updated_at": 1}
    ids = migrated.db["room"].insert_many([dict(old), dict(old)]).inserted_ids
    room = rooms.find(str(ids[0]))
    assert room is not None
    assert (room.kind, room.name, room.last_seq, room.last_message) == ("group", "Old", 0, None)
