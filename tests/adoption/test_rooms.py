"""What becomes of rooms: direct or group, owner, number and name, and who is in them."""

from __future__ import annotations

from typing import Any

import pytest

from chat.database.client import Database
from tests.adoption.conftest import Adoption
from tests.adoption.old_server import OldServer, Shape

Document = dict[str, Any]


def room_of(database: Database, old_room: Document) -> Document:
    """Return what became of a room."""
    room = database.db["room"].find_one({"_id": old_room["_id"]})
    assert room is not None
    return room


def roles_in(database: Database, room: Document) -> dict[Any, str]:
    """Return the roles in a room by user."""
    found = database.db["user_room"].find({"room_identity": room["_id"]})
    return {member["user_identity"]: member["role"] for member in found}


def note(lines: list[str], text: str) -> str:
    """Return the one line of a report that begins with this text."""
    (line,) = (line for line in lines if line.startswith(f"- {text}"))
    return line


def test_the_type_of_its_memberships_makes_a_room_direct_or_a_group(
    adoption: Adoption, old: OldServer
) -> None:
    alice, bob = old.add_user("alice"), old.add_user("bob")
    friends, pair = old.add_friends(alice, bob), old.add_group(alice, bob)
    lines = adoption.run(direct_when_two=True)  # which is for rooms of no type
    assert "rooms: 2 to adopt (1 direct, 1 group), 0 there already" in lines
    direct, group = room_of(adoption.database, friends), room_of(adoption.database, pair)
    ids = sorted(str(user["_id"]) for user in (alice, bob))
    assert (direct["kind"], direct["member_key"]) == ("direct", ":".join(ids))
    assert not {"number", "name", "user_identity"} & direct.keys()
    assert set(roles_in(adoption.database, friends).values()) == {"member"}
    assert group["kind"] == "group" and "member_key" not in group
    assert group["number"] == pair["number"]


@pytest.mark.parametrize("direct_when_two", [False, True])
def test_without_a_type_a_room_of_two_is_direct_only_when_asked_for(
    adoption: Adoption, old: OldServer, direct_when_two: bool
) -> None:
    old.shape = Shape(room_type=False)
    alice, bob, carol = (old.add_user(name) for name in ("alice", "bob", "carol"))
    two, three = old.add_group(alice, bob, name="Two"), old.add_group(alice, bob, carol)
    lines = adoption.run(direct_when_two=direct_when_two)
    kinds = [room_of(adoption.database, room)["kind"] for room in (two, three)]
    assert kinds == ["direct" if direct_when_two else "group", "group"]
    lost = [line for line in lines if "had a number or a name" in line]
    assert bool(lost) == direct_when_two
    assert not lost or f"{two['number']} Two" in lost[0]


@pytest.mark.parametrize("in_place", [False, True])
def test_half_a_friendship_becomes_a_group_of_the_one_who_is_left(
    adoption: Adoption, old: OldServer, in_place: bool
) -> None:
    if in_place:
        old = OldServer(adoption.database.db)
    alice, bob = old.add_user("alice"), old.add_user("bob")
    room = old.add_room(alice, name="", number="")
    old.add_member(room, bob, room_type=1)
    old.say(room, alice, "bye")
    lines = adoption.run(in_place=in_place)
    assert str(room["_id"]) in note(lines, "one-to-one rooms with one member: become groups: 1")
    group = room_of(adoption.database, room)
    assert group["kind"] == "group" and group["name"] == "alice 昵称, bob 昵称"
    assert group["user_identity"] == bob["_id"]
    assert roles_in(adoption.database, room) == {bob["_id"]: "owner"}
    assert group["last_message"]["data"] == "bye"
    assert "the oldest member becomes the owner: 1" in note(lines, "groups whose creator")


def test_a_friendship_of_three_and_one_of_both_types_become_groups(
    adoption: Adoption, old: OldServer
) -> None:
    users = [old.add_user(name) for name in ("alice", "bob", "carol")]
    three, both = old.add_friends(users[0], users[1]), old.add_room(users[0])
    old.add_member(three, users[2], room_type=1)
    old.add_member(both, users[0], room_type=1)
    old.add_member(both, users[1], room_type=2)
    lines = adoption.run()
    note(lines, "one-to-one rooms with more than two members: become groups: 1")
    note(lines, "rooms both one to one and group: become groups: 1")
    assert {room_of(adoption.database, room)["kind"] for room in (three, both)} == {"group"}


def test_of_two_friendships_of_the_same_two_the_one_with_more_talk_is_direct(
    adoption: Adoption, old: OldServer
) -> None:
    alice, bob = old.add_user("alice"), old.add_user("bob")
    first, second = old.add_friends(alice, bob), old.add_friends(bob, alice)
    old.say(second, alice, "hello")
    lines = adoption.run()
    assert str(first["_id"]) in note(lines, "second one-to-one rooms of the same two")
    assert room_of(adoption.database, first)["kind"] == "group"
    assert room_of(adoption.database, second)["kind"] == "direct"


@pytest.mark.parametrize("in_place", [False, True])
def test_a_room_without_members_and_its_messages_are_listed_and_left_out(
    adoption: Adoption, old: OldServer, in_place: bool
) -> None:
    if in_place:
        old = OldServer(adoption.database.db)
    alice = old.add_user("alice")
    room = old.add_room(alice)
    said = [old.say(room, alice, f"message {n}") for n in range(7)]
    lines = adoption.run(in_place=in_place)
    assert str(room["_id"]) in note(lines, "rooms without members: left out: 1")
    listed = note(lines, "messages of rooms without members: left out: 7")
    assert str(said[0]["_id"]) in listed and listed.endswith(", …)")
    db = adoption.database.db
    assert db["room"].find_one() is None and db["message"].find_one() is None
    kept = {one["document"]["_id"] for one in db["left_out"].find()}
    # Out of the way, not destroyed; in another database they are where they were.
    assert kept == ({room["_id"], *(one["_id"] for one in said)} if in_place else set())


@pytest.mark.parametrize("in_place", [False, True])
def test_a_number_that_is_taken_or_not_of_nine_digits_is_given_anew_and_listed(
    adoption: Adoption, old: OldServer, in_place: bool
) -> None:
    if in_place:
        old = OldServer(adoption.database.db)
    alice, bob = old.add_user("alice"), old.add_user("bob")
    numbers: list[Any] = ["123456789", "123456789", 123456789, "10086", "", 987654321]
    rooms = [old.add_group(alice, bob, number=number) for number in numbers]
    friends = old.add_friends(alice, bob)
    old.db["room"].update_one({"_id": friends["_id"]}, {"$set": {"number": "123456789"}})
    dry = adoption.run(in_place=in_place, dry_run=True)
    lines = adoption.run(in_place=in_place)
    given = [room_of(adoption.database, room)["number"] for room in rooms]
    assert given[0] == "123456789" and given[5] == "987654321"
    assert len(set(given)) == 6 and all(len(number) == 9 for number in given)
    taken = note(lines, "groups that get a new number, theirs is taken: 2")
    assert f"123456789 → {given[1]}" in taken and given[2] in taken
    assert f"10086 → {given[3]}" in note(lines, "groups that get a new number, theirs is not of 9")
    assert given[4] in note(lines, "groups that get a new number, theirs was missing: 1")
    assert dry[:-1] == lines[:-1]  # the new numbers too
    assert room_of(adoption.database, friends)["kind"] == "direct"


def test_the_creator_owns_a_group_when_they_are_in_it_else_its_oldest_member(
    adoption: Adoption, old: OldServer
) -> None:
    alice, bob, carol = (old.add_user(name) for name in ("alice", "bob", "carol"))
    own, left = old.add_group(alice, bob), old.add_room(alice)
    for member in (carol, bob):
        old.add_member(left, member)
    adoption.run()
    assert roles_in(adoption.database, own) == {alice["_id"]: "owner", bob["_id"]: "member"}
    assert roles_in(adoption.database, left) == {carol["_id"]: "owner", bob["_id"]: "member"}
    assert room_of(adoption.database, left)["user_identity"] == carol["_id"]


def test_a_group_without_a_name_is_called_after_its_people_and_a_long_name_is_cut(
    adoption: Adoption, old: OldServer
) -> None:
    alice, bob = old.add_user("alice"), old.add_user("bob")
    nameless, long = old.add_group(bob, alice, name="  "), old.add_group(bob, name="名" * 51)
    lines = adoption.run()
    assert room_of(adoption.database, nameless)["name"] == "alice 昵称, bob 昵称"
    assert room_of(adoption.database, long)["name"] == "名" * 50
    assert "名" * 51 in note(lines, "names of groups longer than 50: cut: 1")


@pytest.mark.parametrize("in_place", [False, True])
def test_double_memberships_are_merged(adoption: Adoption, old: OldServer, in_place: bool) -> None:
    if in_place:
        old = OldServer(adoption.database.db)
    alice, bob = old.add_user("alice"), old.add_user("bob")
    friends = old.add_friends(alice, bob)
    said = [old.say(friends, alice, str(n)) for n in range(5)]
    for mark in (1, 3, 2):
        old.add_member(friends, bob, room_type=1, message_identity=str(said[mark]["_id"]))
    lines = adoption.run(in_place=in_place)
    assert "memberships: 2 to adopt, 0 there already" in lines
    note(lines, "double memberships, merged: left out: 3")
    assert room_of(adoption.database, friends)["kind"] == "direct"
    of_bob = list(adoption.database.db["user_room"].find({"user_identity": bob["_id"]}))
    assert [(one["last_read_seq"], one["message_identity"]) for one in of_bob] == [
        (4, said[3]["_id"])
    ]
    first = old.db["user_room"].find_one({"_id": of_bob[0]["_id"]})
    assert first is not None  # the oldest of them is the one that stays


@pytest.mark.parametrize("in_place", [False, True])
def test_memberships_of_nobody_and_of_nothing_are_listed_and_left_out(
    adoption: Adoption, old: OldServer, in_place: bool
) -> None:
    if in_place:
        old = OldServer(adoption.database.db)
    alice, bob, gone = (old.add_user(name) for name in ("alice", "bob", "gone"))
    group, ended = old.add_group(alice, bob, gone), old.add_group(alice)
    old.db["user"].delete_one({"_id": gone["_id"]})
    old.db["room"].delete_one({"_id": ended["_id"]})
    old.say(ended, alice, "anyone?")
    lines = adoption.run(in_place=in_place)
    note(lines, "memberships of users who do not exist: left out: 1")
    note(lines, "memberships in rooms that do not exist: left out: 1")
    note(lines, "messages of rooms that do not exist: left out: 1")
    assert set(roles_in(adoption.database, group)) == {alice["_id"], bob["_id"]}
    assert adoption.database.db["user_room"].count_documents({}) == 2
    assert adoption.database.db["left_out"].count_documents({}) == (3 if in_place else 0)
