"""What members set of a room for themselves: notifications, and its place in their list."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from chat.services.room_settings import MAX_PINNED_ROOMS
from harness.accounts import data_of, error_of
from harness.people import Person, make_people

Room = dict[str, Any]


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only people of its own."""
    return shared_app


def choose(person: Person, room: Room, **setting: object) -> dict[str, Any]:
    """Choose one setting, and return the room, which is what everybody reads afterwards."""
    ((name, value),) = setting.items()
    found: dict[str, Any] = data_of(person.put(f"/rooms/{room['id']}/{name}", json={name: value}))
    assert found == person.room(room["id"])
    return found


def told(room: Room) -> tuple[str, bool]:
    return room["notify"], room["muted"]


def test_a_room_notifies_of_all_or_of_mentions_or_of_nothing(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    assert told(room) == ("all", False)
    assert told(choose(alice, room, notify="mentions")) == ("mentions", False)
    assert told(choose(alice, room, notify="none")) == ("none", True)
    assert told(choose(alice, room, muted=False)) == ("all", False)
    assert told(choose(alice, room, muted=True)) == ("none", True)
    assert told(bob.room(room["id"])) == ("all", False), "each for themselves"


@pytest.mark.parametrize(("muted", "notify"), [(True, "none"), (False, "all"), (None, "all")])
def test_memberships_of_older_versions_are_read_as_they_were(
    app: Flask, muted: bool | None, notify: str
) -> None:
    (alice,) = make_people(app, "alice")
    room = alice.create_group()
    services = app.extensions["chat"]
    members = services.database.db["user_room"]
    one = {"room_identity": ObjectId(room["id"])}
    older = {"$unset": {"notify": ""}} | ({} if muted is None else {"$set": {"muted": muted}})
    members.update_one(one, older)
    services.membership_cache.forget(room["id"])
    assert told(alice.room(room["id"])) == (notify, notify == "none")
    choose(alice, room, notify="mentions")
    assert "muted" not in members.find_one(one)


def test_a_room_is_pinned_by_each_member_for_themselves(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    for room in (alice.create_group(bob), alice.talk_to(bob)):
        assert room["pinned"] is False
        assert choose(alice, room, pinned=True)["pinned"] is True
        assert choose(alice, room, pinned=True)["pinned"] is True
        assert bob.room(room["id"])["pinned"] is False
        assert choose(alice, room, pinned=False)["pinned"] is False


def test_one_pins_so_many_rooms(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    rooms = [alice.create_group() for _ in range(2)]
    choose(alice, rooms[0], pinned=True)
    members = app.extensions["chat"].database.db["user_room"]
    user = ObjectId(alice.id)
    members.insert_many(
        {"room_identity": ObjectId(), "user_identity": user, "pinned": True}
        for _ in range(MAX_PINNED_ROOMS - 1)
    )
    refused = alice.put(f"/rooms/{rooms[1]['id']}/pinned", json={"pinned": True})
    assert error_of(refused, 409)["code"] == "conflict"
    choose(alice, rooms[0], pinned=True)
    choose(alice, rooms[0], pinned=False)
    choose(alice, rooms[1], pinned=True)
