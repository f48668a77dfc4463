"""Memberships in the database: one for each room and user, with marks that only advance."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chat.database.client import Database
from chat.ids import new_id
from chat.models import Membership, Notify
from chat.repositories.memberships import MembershipRepository

ROOM, ALICE, BOB = new_id(), new_id(), new_id()
MEMBER = Membership(ROOM, ALICE, "member", last_read_seq=3, created_at=5)


@pytest.fixture
def memberships(migrated: Database) -> MembershipRepository:
    return MembershipRepository(migrated)


def test_a_membership_is_found_from_both_its_sides(memberships: MembershipRepository) -> None:
    later, elsewhere = replace(MEMBER, user_id=BOB, created_at=9), replace(MEMBER, room_id=new_id())
    assert all(memberships.insert(one) for one in (later, MEMBER, elsewhere))
    assert memberships.find(ROOM, ALICE) == MEMBER
    assert memberships.find(ROOM, new_id()) is None
    assert memberships.list_of_room(ROOM) == [MEMBER, later]
    assert {one.room_id for one in memberships.list_of_user(ALICE)} == {ROOM, elsewhere.room_id}
    assert memberships.count_of_room(ROOM) == 2


def test_a_second_membership_leaves_the_first_as_it_is(memberships: MembershipRepository) -> None:
    assert memberships.insert(MEMBER) is True
    assert memberships.insert(replace(MEMBER, role="owner", last_read_seq=9)) is False
    assert memberships.find(ROOM, ALICE) == MEMBER


def test_many_are_stored_beside_those_that_exist(memberships: MembershipRepository) -> None:
    memberships.insert(MEMBER)
    people = [replace(MEMBER, user_id=user_id) for user_id in (BOB, ALICE, new_id())]
    assert memberships.insert_many(people) == 2
    assert memberships.insert_many(people) == memberships.insert_many([]) == 0
    assert memberships.count_of_room(ROOM) == 3


def test_read_marks_only_go_forward(memberships: MembershipRepository) -> None:
    memberships.insert(MEMBER)
    memberships.insert(replace(MEMBER, user_id=BOB))
    memberships.advance_reads([(ROOM, ALICE, 7, new_id()), (ROOM, BOB, 2, None)])
    memberships.advance_reads([(ROOM, ALICE, 6, new_id()), (ROOM, new_id(), 9, None)])
    memberships.advance_reads([])
    marks = {one.user_id: one.last_read_seq for one in memberships.list_of_room(ROOM)}
    assert marks == {ALICE: 7, BOB: 3}


def test_times_are_those_of_the_database(
    memberships: MembershipRepository, migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    memberships.insert(MEMBER)
    monkeypatch.setattr(migrated, "now_ms", lambda: 77)
    for change in (
        lambda: memberships.update_role(ROOM, ALICE, "admin"),
        lambda: memberships.advance_reads([(ROOM, ALICE, 9, None)]),
    ):
        migrated.db["user_room"].update_one({}, {"$set": {"updated_at": 1}})
        change()
        (stored,) = migrated.db["user_room"].find()
        assert stored["updated_at"] == 77


def test_the_rooms_of_many_people_are_found_in_bounded_pieces(
    memberships: MembershipRepository, migrated: Database
) -> None:
    people = [new_id() for _ in range(migrated.dialect.ids_at_once + 2)]
    memberships.insert_many([replace(MEMBER, user_id=one) for one in people[1:]])
    memberships.insert(replace(MEMBER, user_id=people[1], room_id=ALICE))
    found = memberships.list_rooms_of_users([*people, "x"])
    assert found.keys() == set(people[1:])
    assert sorted(found[people[1]]) == sorted([ROOM, ALICE])
    assert found[people[-1]] == [ROOM]


def test_role_and_quiet_are_changed_each_by_itself(memberships: MembershipRepository) -> None:
    memberships.insert(MEMBER)
    memberships.update_role(ROOM, ALICE, "admin")
    memberships.update_notify(ROOM, ALICE, "none")
    assert memberships.find(ROOM, ALICE) == replace(MEMBER, role="admin", notify="none")


def test_of_concurrent_takes_of_a_membership_one_gets_it(
    memberships: MembershipRepository,
) -> None:
    memberships.insert(MEMBER)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: memberships.take(ROOM, ALICE), range(8)))
    assert [one for one in taken if one is not None] == [MEMBER]


def test_memberships_end_one_by_one_or_with_their_room(memberships: MembershipRepository) -> None:
    elsewhere = replace(MEMBER, room_id=new_id())
    for one in (MEMBER, replace(MEMBER, user_id=BOB), replace(MEMBER, user_id=new_id()), elsewhere):
        memberships.insert(one)
    assert memberships.delete(ROOM, BOB) is True
    assert memberships.delete(ROOM, BOB) is False
    assert memberships.take(ROOM, BOB) is None
    assert memberships.take(ROOM, ALICE) == MEMBER
    memberships.insert(MEMBER)
    assert list(memberships.delete_of_room(ROOM)) == [2]
    assert list(memberships.delete_of_room(ROOM)) == []
    assert memberships.list_of_room(ROOM) == []
    assert memberships.list_of_user(ALICE) == [elsewhere]


@pytest.mark.parametrize("nothing", ["", "x", "$gt", "0" * 24])
def test_ids_that_name_nothing_find_nothing(
    memberships: MembershipRepository, nothing: str
) -> None:
    memberships.insert(MEMBER)
    assert memberships.find(nothing, ALICE) is None
    assert memberships.find(ROOM, nothing) is None
    assert memberships.list_of_user(nothing) == memberships.list_of_room(nothing) == []


@pytest.mark.parametrize(
    ("chosen", "muted", "read"),
    [
        (None, None, "all"),
        (None, True, "none"),
        (None, False, "all"),
        ("mentions", True, "none"),
        ("mentions", False, "mentions"),
        ("none", False, "all"),
        ("none", True, "none"),
    ],
)
def test_muting_by_an_older_process_beside_is_the_later_word(
    memberships: MembershipRepository,
    migrated: Database,
    chosen: Notify | None,
    muted: bool | None,
    read: Notify,
) -> None:
    memberships.insert(MEMBER)
    if chosen is None:
        migrated.db["user_room"].update_one({}, {"$unset": {"notify": ""}})
    else:
        memberships.update_notify(ROOM, ALICE, chosen)
    if muted is not None:
        migrated.db["user_room"].update_one({}, {"$set": {"muted": muted}})
    (found,) = memberships.list_of_room(ROOM)
    assert found.notify == read
    memberships.update_notify(ROOM, ALICE, "mentions")
    (found,) = memberships.list_of_room(ROOM)
    assert found.notify == "mentions"
