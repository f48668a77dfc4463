"""Memberships in the database: one for each room and person, with marks that only go forward."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chat.database.client import Database
from chat.ids import new_id
from chat.models import Membership
from chat.repositories.documents import IDS_AT_ONCE
from chat.repositories.user_rooms import UserRoomRepository

ROOM, ALICE, BOB = new_id(), new_id(), new_id()
MEMBER = Membership(ROOM, ALICE, "member", last_read_seq=3, muted=False, created_at=5)


@pytest.fixture
def user_rooms(migrated: Database) -> UserRoomRepository:
    return UserRoomRepository(migrated)


def test_a_membership_is_found_from_both_its_sides(user_rooms: UserRoomRepository) -> None:
    later, elsewhere = replace(MEMBER, user_id=BOB, created_at=9), replace(MEMBER, room_id=new_id())
    assert all(user_rooms.insert(one) for one in (later, MEMBER, elsewhere))
    assert user_rooms.find(ROOM, ALICE) == MEMBER
    assert user_rooms.find(ROOM, new_id()) is None
    assert user_rooms.list_of_room(ROOM) == [MEMBER, later]
    assert {one.room_id for one in user_rooms.list_of_user(ALICE)} == {ROOM, elsewhere.room_id}
    assert user_rooms.count_of_room(ROOM) == 2


def test_a_second_membership_leaves_the_first_as_it_is(user_rooms: UserRoomRepository) -> None:
    assert user_rooms.insert(MEMBER) is True
    assert user_rooms.insert(replace(MEMBER, role="owner", last_read_seq=9)) is False
    assert user_rooms.find(ROOM, ALICE) == MEMBER


def test_many_are_stored_beside_those_that_exist(user_rooms: UserRoomRepository) -> None:
    user_rooms.insert(MEMBER)
    people = [replace(MEMBER, user_id=user_id) for user_id in (BOB, ALICE, new_id())]
    assert user_rooms.insert_many(people) == 2
    assert user_rooms.insert_many(people) == user_rooms.insert_many([]) == 0
    assert user_rooms.count_of_room(ROOM) == 3


def test_read_marks_only_go_forward(user_rooms: UserRoomRepository) -> None:
    user_rooms.insert(MEMBER)
    user_rooms.insert(replace(MEMBER, user_id=BOB))
    user_rooms.advance_reads([(ROOM, ALICE, 7, new_id()), (ROOM, BOB, 2, None)])
    user_rooms.advance_reads([(ROOM, ALICE, 6, new_id()), (ROOM, new_id(), 9, None)])
    user_rooms.advance_reads([])
    marks = {one.user_id: one.last_read_seq for one in user_rooms.list_of_room(ROOM)}
    assert marks == {ALICE: 7, BOB: 3}


def test_times_are_those_of_the_database(
    user_rooms: UserRoomRepository, migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_rooms.insert(MEMBER)
    monkeypatch.setattr(migrated, "now_ms", lambda: 77)
    for change in (
        lambda: user_rooms.update_role(ROOM, ALICE, "admin"),
        lambda: user_rooms.advance_reads([(ROOM, ALICE, 9, None)]),
    ):
        migrated.db["user_room"].update_one({}, {"$set": {"updated_at": 1}})
        change()
        (stored,) = migrated.db["user_room"].find()
        assert stored["updated_at"] == 77


def test_the_rooms_of_many_people_are_found_in_bounded_pieces(
    user_rooms: UserRoomRepository,
) -> None:
    people = [new_id() for _ in range(IDS_AT_ONCE + 2)]
    user_rooms.insert_many([replace(MEMBER, user_id=one) for one in people[1:]])
    user_rooms.insert(replace(MEMBER, user_id=people[1], room_id=ALICE))
    found = user_rooms.list_rooms_of_users([*people, "x"])
    assert found.keys() == set(people[1:])
    assert sorted(found[people[1]]) == sorted([ROOM, ALICE])
    assert found[people[-1]] == [ROOM]


def test_role_and_quiet_are_changed_each_by_itself(user_rooms: UserRoomRepository) -> None:
    user_rooms.insert(MEMBER)
    user_rooms.update_role(ROOM, ALICE, "admin")
    user_rooms.update_muted(ROOM, ALICE, True)
    assert user_rooms.find(ROOM, ALICE) == replace(MEMBER, role="admin", muted=True)


def test_of_many_who_take_a_membership_at_once_one_gets_it(
    user_rooms: UserRoomRepository,
) -> None:
    user_rooms.insert(MEMBER)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: user_rooms.take(ROOM, ALICE), range(8)))
    assert [one for one in taken if one is not None] == [MEMBER]


def test_memberships_end_one_by_one_or_with_their_room(user_rooms: UserRoomRepository) -> None:
    elsewhere = replace(MEMBER, room_id=new_id())
    for one in (MEMBER, replace(MEMBER, user_id=BOB), replace(MEMBER, user_id=new_id()), elsewhere):
        user_rooms.insert(one)
    assert user_rooms.delete(ROOM, BOB) is True
    assert user_rooms.delete(ROOM, BOB) is False
    assert user_rooms.take(ROOM, BOB) is None
    assert user_rooms.take(ROOM, ALICE) == MEMBER
    user_rooms.insert(MEMBER)
    assert list(user_rooms.delete_of_room(ROOM, 1)) == [1, 1]
    assert list(user_rooms.delete_of_room(ROOM, 1)) == []
    assert user_rooms.list_of_room(ROOM) == []
    assert user_rooms.list_of_user(ALICE) == [elsewhere]


@pytest.mark.parametrize("nothing", ["", "x", "$gt", "0" * 24])
def test_ids_that_name_nothing_find_nothing(user_rooms: UserRoomRepository, nothing: str) -> None:
    user_rooms.insert(MEMBER)
    assert user_rooms.find(nothing, ALICE) is None
    assert user_rooms.find(ROOM, nothing) is None
    assert user_rooms.list_of_user(nothing) == user_rooms.list_of_room(nothing) == []
