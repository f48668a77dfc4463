"""Rooms over HTTP: creating, finding, changing and deleting them, and listing conversations."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from harness.accounts import data_of, error_of
from harness.people import UNKNOWN_ID, Person, make_people
from harness.servers import PATIENCE

ROOM = {
    "id",
    "number",
    "kind",
    "name",
    "info",
    "avatar",
    "owner_id",
    "access",
    "posting",
    "last_rev",
    "last_seq",
    "last_message",
    "created_at",
    "updated_at",
}
CONVERSATION = ROOM | {
    *("last_read_seq", "unread", "last_mention_seq", "notify", "muted", "hidden", "pinned")
}
PEER = {"id", "username", "nickname", "sex", "avatar", "created_at", "online"}


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only people of its own."""
    return shared_app


def ids_of(rooms: list[dict[str, Any]]) -> list[str]:
    return [room["id"] for room in rooms]


def same_refusal(*answers: TestResponse, status: int = 404) -> None:
    """Check that all were refused in exactly the same words."""
    assert {(answer.status_code, answer.data) for answer in answers} == {(status, answers[0].data)}
    error_of(answers[0], status)


# Making and joining


def test_the_creator_of_a_group_owns_it(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    response = alice.post("/rooms", json={"name": "Tea", "info": "at five"})
    room = data_of(response, 201)
    assert set(room) == CONVERSATION
    assert (room["kind"], room["name"], room["info"]) == ("group", "Tea", "at five")
    assert room["owner_id"] == alice.id
    assert (room["last_seq"], room["last_message"]) == (0, None)
    assert (room["last_read_seq"], room["unread"], room["muted"]) == (0, 0, False)
    assert room["hidden"] is False
    assert len(room["number"]) == 9 and room["number"].isdigit()
    assert isinstance(room["created_at"], int)
    assert alice.room(room["id"]) == room
    assert alice.members(room)[alice.username]["role"] == "owner"


def test_names_of_groups_have_up_to_fifty_code_points(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    assert alice.create_group(name="😀" * 50)["name"] == "😀" * 50
    error = error_of(alice.post("/rooms", json={"name": "😀" * 51}), 400)
    assert list(error["fields"]) == ["name"]


def test_numbers_of_groups_differ(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    assert len({alice.create_group()["number"] for _ in range(5)}) == 5


def test_one_joins_by_number_and_reads_on_from_there(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group = alice.create_group(name="Tea")
    alice.say(group, "before Bob came")
    joined = bob.join(group)
    assert set(joined) == CONVERSATION
    assert (joined["id"], joined["name"], joined["last_seq"]) == (group["id"], "Tea", 1)
    assert (joined["last_read_seq"], joined["unread"]) == (1, 0)
    assert [message["data"] for message in bob.history(group)["messages"]] == ["before Bob came"]
    alice.say(group, "after")
    assert bob.room(group["id"])["unread"] == 1


def test_joining_twice_changes_nothing(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group = alice.create_group(bob)
    alice.say(group, "unread")
    before = bob.members(group)
    assert bob.join(group)["unread"] == 1
    assert alice.join(group)["owner_id"] == alice.id
    assert bob.members(group) == before


@pytest.mark.parametrize("number", ["000000000", "12345", "1234567890", "١٢٣٤٥٦٧٨٩", "$ne", " "])
def test_a_number_that_no_group_has_is_not_found(app: Flask, number: str) -> None:
    (alice,) = make_people(app, "alice")
    error = error_of(alice.post("/rooms/join", json={"number": number}), 404)
    assert error["code"] == "not_found"
    assert alice.rooms() == []


# One to one


def test_two_users_share_one_direct_room(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = data_of(alice.post("/rooms/direct", json={"username": bob.username}), 201)
    assert set(room) == CONVERSATION | {"peer", "blocked"}
    assert room["kind"] == "direct"
    assert (room["number"], room["name"], room["owner_id"]) == (None, None, None)
    assert set(room["peer"]) == PEER
    assert (room["peer"]["id"], room["peer"]["online"]) == (bob.id, False)

    again = data_of(alice.post("/rooms/direct", json={"username": bob.username.upper()}), 200)
    theirs = data_of(bob.post("/rooms/direct", json={"username": alice.username}), 200)
    assert {again["id"], theirs["id"]} == {room["id"]}
    assert theirs["peer"]["id"] == alice.id
    assert ids_of(alice.rooms()) == ids_of(bob.rooms()) == [room["id"]]


def test_two_users_who_open_at_once_share_one_direct_room(app: Flask) -> None:
    for _ in range(5):
        alice, bob = make_people(app, "alice", "bob")
        together = threading.Barrier(2)
        answers: dict[str, TestResponse] = {}

        def ask(one: Person, other: Person) -> None:
            together.wait(PATIENCE)
            answers[one.id] = one.post("/rooms/direct", json={"username": other.username})

        threads = [threading.Thread(target=ask, args=pair) for pair in ((alice, bob), (bob, alice))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)

        rooms = [data_of(answer, answer.status_code) for answer in answers.values()]
        assert sorted(answer.status_code for answer in answers.values()) == [200, 201]
        assert len({room["id"] for room in rooms}) == 1
        assert set(alice.members(rooms[0])) == {alice.username, bob.username}
        assert ids_of(bob.rooms()) == [rooms[0]["id"]]


def test_a_user_cannot_open_a_direct_room_with_themselves(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    response = alice.post("/rooms/direct", json={"username": alice.username.upper()})
    error = error_of(response, 400)
    assert (error["code"], list(error["fields"])) == ("validation_error", ["username"])
    assert alice.rooms() == []


def test_a_direct_room_needs_an_existing_user(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    error_of(alice.post("/rooms/direct", json={"username": "nobody-at-all"}), 404)
    assert alice.rooms() == []


def test_a_direct_room_can_neither_be_changed_nor_ended(app: Flask) -> None:
    alice, bob, carol = make_people(app, "alice", "bob", "carol")
    room = alice.talk_to(bob)
    before = alice.room(room["id"])
    path = f"/rooms/{room['id']}"
    answers = [
        alice.patch(path, json={"name": "Mine"}),
        alice.delete(path),
        alice.post(f"{path}/members", json={"username": carol.username}),
        alice.patch(f"{path}/members/{bob.id}", json={"role": "admin"}),
        alice.delete(f"{path}/members/{bob.id}"),
        alice.delete(f"{path}/members/{alice.id}"),
    ]
    for answer in answers:
        assert error_of(answer, 403)["code"] == "forbidden"
    assert alice.room(room["id"]) == before
    assert set(bob.members(room)) == {alice.username, bob.username}


# Seeing and changing


@pytest.mark.parametrize("kind", ["group", "direct"])
def test_members_see_a_room_and_strangers_see_that_there_is_none(app: Flask, kind: str) -> None:
    alice, bob, eve = make_people(app, "alice", "bob", "eve")
    room = alice.create_group(bob) if kind == "group" else alice.talk_to(bob)
    assert bob.room(room["id"])["id"] == room["id"]
    same_refusal(eve.get(f"/rooms/{room['id']}"), eve.get(f"/rooms/{UNKNOWN_ID}"))
    assert eve.rooms() == []


def test_owners_and_admins_rename_a_group(app: Flask) -> None:
    alice, bob, carol, eve = make_people(app, "alice", "bob", "carol", "eve")
    group = alice.create_group(bob, carol, name="Tea")
    path = f"/rooms/{group['id']}"
    data_of(alice.patch(f"{path}/members/{bob.id}", json={"role": "admin"}))

    renamed = data_of(alice.patch(path, json={"name": "Coffee"}))
    assert (renamed["name"], renamed["info"]) == ("Coffee", "")
    assert renamed["updated_at"] >= group["updated_at"]
    assert set(renamed) == CONVERSATION
    informed = data_of(bob.patch(path, json={"info": "black"}))
    assert (informed["name"], informed["info"]) == ("Coffee", "black")

    assert error_of(carol.patch(path, json={"name": "Mine"}), 403)["code"] == "forbidden"
    same_refusal(
        eve.patch(path, json={"name": "Mine"}),
        eve.patch(f"/rooms/{UNKNOWN_ID}", json={"name": "Mine"}),
    )
    assert (carol.room(group["id"])["name"], carol.room(group["id"])["info"]) == (
        "Coffee",
        "black",
    )


def test_a_renamed_group_keeps_its_last_message(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    group = alice.create_group()
    alice.say(group, "hello")
    renamed = data_of(alice.patch(f"/rooms/{group['id']}", json={"name": "Coffee"}))
    assert (renamed["last_seq"], renamed["last_message"]["data"]) == (1, "hello")


def test_only_the_owner_deletes_a_group_for_all_members(app: Flask) -> None:
    alice, bob, carol, eve = make_people(app, "alice", "bob", "carol", "eve")
    group = alice.create_group(bob, carol)
    alice.say(group, "hello")
    path = f"/rooms/{group['id']}"
    data_of(alice.patch(f"{path}/members/{bob.id}", json={"role": "admin"}))
    same_refusal(bob.delete(path), carol.delete(path), status=403)
    same_refusal(eve.delete(path), eve.delete(f"/rooms/{UNKNOWN_ID}"))
    assert carol.room(group["id"])["last_seq"] == 1

    response = alice.delete(path)
    assert (response.status_code, response.data) == (204, b"")
    for one in (alice, bob, carol):
        error_of(one.get(path), 404)
        error_of(one.get(f"{path}/messages"), 404)
        error_of(one.get(f"{path}/members"), 404)
        assert one.rooms() == []
    error_of(bob.post("/rooms/join", json={"number": group["number"]}), 404)
    error_of(bob.post_message(group, "still here?"), 404)


# The list of conversations


def test_the_room_with_the_newest_activity_comes_first(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    tea = alice.create_group(bob, name="Tea")
    direct = alice.talk_to(bob)
    cake = alice.create_group(name="Cake")
    for room in (cake, tea, direct, tea):
        alice.say(room, "hello")
    assert ids_of(alice.rooms()) == [tea["id"], direct["id"], cake["id"]]
    bob.say(direct, "hi")
    assert ids_of(alice.rooms()) == [direct["id"], tea["id"], cake["id"]]
    assert ids_of(bob.rooms()) == [direct["id"], tea["id"]]


def test_the_list_says_what_each_conversation_says_of_itself(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group = alice.create_group(bob)
    direct = bob.talk_to(alice)
    bob.say(group, "one")
    bob.say(direct, "two")
    listed = {room["id"]: room for room in alice.rooms()}
    assert listed == {room_id: alice.room(room_id) for room_id in (group["id"], direct["id"])}
    assert listed[group["id"]]["last_message"]["username"] == bob.username
    assert listed[direct["id"]]["peer"]["username"] == bob.username
    assert "peer" not in listed[group["id"]]
    assert [room["unread"] for room in listed.values()] == [1, 1]


def test_what_one_process_writes_another_lists(app: Flask, make_app: Any) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group = alice.create_group(bob)
    alice.say(group, "hello")
    services = app.extensions["chat"]
    assert services.previews.flush() and services.read_marks.flush()
    other = make_app(MONGO_URI=app.config["MONGO_URI"], SECRET_KEY=app.config["SECRET_KEY"])
    bob.client, alice.client = other.test_client(), other.test_client()
    (seen,) = bob.rooms()
    assert (seen["last_seq"], seen["unread"]) == (1, 1)
    assert (seen["last_message"]["data"], seen["last_message"]["username"]) == (
        "hello",
        alice.username,
    )
    assert alice.rooms()[0]["unread"] == 0


def test_the_last_message_is_cut_to_two_hundred_code_points(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    alice.say(room, "😀" * 201)
    assert bob.rooms()[0]["last_message"]["data"] == "😀" * 200
    assert bob.room(room["id"])["last_message"]["data"] == "😀" * 200
    assert bob.history(room)["messages"][0]["data"] == "😀" * 201


def test_a_member_mutes_a_room_for_themselves(app: Flask) -> None:
    alice, bob, eve = make_people(app, "alice", "bob", "eve")
    group = alice.create_group(bob)
    path = f"/rooms/{group['id']}/muted"
    muted = data_of(alice.put(path, json={"muted": True}))
    assert set(muted) == CONVERSATION and muted["muted"] is True
    assert alice.rooms()[0]["muted"] is True
    assert bob.rooms()[0]["muted"] is False
    assert data_of(alice.put(path, json={"muted": False}))["muted"] is False
    direct = alice.talk_to(bob)
    assert data_of(alice.put(f"/rooms/{direct['id']}/muted", json={"muted": True}))["muted"]
    same_refusal(
        eve.put(path, json={"muted": True}),
        eve.put(f"/rooms/{UNKNOWN_ID}/muted", json={"muted": True}),
    )
