"""Data in each shape of the known design is there afterwards, for everyone who knew it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from chat import migrations
from chat.database.client import Database
from harness.accounts import Account, data_of, log_in, new_password
from tests.adoption.conftest import Adoption
from tests.adoption.old_server import SHAPES, START, OldServer, Shape


@pytest.mark.parametrize("in_place", [False, True], ids=["from", "in-place"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_people_find_their_rooms_and_what_was_said(
    shape: Shape,
    in_place: bool,
    database: Database,
    old_database: Database,
    adoption: Adoption,
    open_app: Callable[..., Flask],
) -> None:
    old = OldServer((database if in_place else old_database).db, shape)
    password = new_password()
    alice, bob = old.add_user("alice", password), old.add_user("bob")
    group = old.add_group(alice, bob, old.add_user("carol"), name="一个群", info="关于")
    said = [old.say(group, [alice, bob][n % 2], f"群消息 {n}") for n in range(7)]
    friends = old.add_friends(alice, bob)
    old.say(friends, bob, "你好")
    if shape.read_marks:
        where = {"room_identity": old.reference(group), "user_identity": old.reference(alice)}
        mark = {"message_identity": str(said[2]["_id"])}
        assert old.db["user_room"].update_one(where, {"$set": mark}).modified_count == 1

    adoption.run(in_place=in_place, direct_when_two=not shape.room_type)

    person = log_in(open_app().test_client(), "alice", password)
    me = data_of(person.get("/users/me"))
    assert me["nickname"] == "alice 昵称" and me["sex"] == 1
    assert me["created_at"] == START * 1000
    direct, room = _rooms(person)
    assert (room["name"], room["info"], room["number"]) == ("一个群", "关于", group["number"])
    assert room["owner_id"] == me["id"] and room["last_seq"] == 7
    assert room["unread"] == (4 if shape.read_marks else 0)
    assert room["last_message"]["data"] == "群消息 6"
    history = data_of(person.get(f"/rooms/{room['id']}/messages"))["messages"]
    assert [message["seq"] for message in history] == list(range(1, 8))
    assert [message["data"] for message in history] == [f"群消息 {n}" for n in range(7)]
    assert [message["username"] for message in history] == ["alice", "bob"] * 3 + ["alice"]
    assert all(message["created_at"] > START * 1000 for message in history)
    members = data_of(person.get(f"/rooms/{room['id']}/members"))
    assert {m["user"]["username"]: m["role"] for m in members} == {
        "alice": "owner",
        "bob": "member",
        "carol": "member",
    }
    assert direct["peer"]["username"] == "bob" and direct["last_message"]["data"] == "你好"
    # What comes now goes on where the old talk ended, also when it begins with a name.
    again = data_of(person.post("/rooms/direct", json={"username": "bob"}))
    assert again["id"] == direct["id"]
    body = {"client_id": "c1", "data": "我回来了"}
    assert data_of(person.post(f"/rooms/{room['id']}/messages", json=body), 201)["seq"] == 8


@pytest.mark.parametrize("shape", [Shape(misspelt=True, refers_by="id"), *SHAPES], ids=str)
def test_a_group_whose_creator_is_not_in_it_gets_an_owner_who_is(
    shape: Shape, database: Database, adoption: Adoption, open_app: Callable[..., Flask]
) -> None:
    """In place, where the migrations meet what was not adopted yet."""
    old = OldServer(database.db, shape)
    password = new_password()
    gone, alice, bob = old.add_user("gone"), old.add_user("alice", password), old.add_user("bob")
    group = old.add_room(gone, name="一个群")
    old.add_member(group, alice)
    old.add_member(group, bob)
    migrations.upgrade(database)  # as a server does that is started before
    adoption.run(in_place=True)
    person = log_in(open_app().test_client(), "alice", password)
    (room,) = data_of(person.get("/rooms"))
    members = data_of(person.get(f"/rooms/{room['id']}/members"))
    roles = {member["user"]["username"]: member["role"] for member in members}
    assert sorted(roles.values()) in (["member", "owner"], ["admin", "owner"])
    assert room["owner_id"] in {member["user"]["id"] for member in members}


def _rooms(person: Account) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the direct room and the group."""
    rooms = data_of(person.get("/rooms"))
    assert [room["kind"] for room in rooms] == ["direct", "group"]
    return rooms[0], rooms[1]
