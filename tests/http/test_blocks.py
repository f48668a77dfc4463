"""Blocking users over HTTP: neither can write to or add the other; and hiding rooms."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from chat.services import blocks
from harness.accounts import data_of, error_of
from harness.people import UNKNOWN_ID, Person, make_people


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only people of its own."""
    return shared_app


def block(blocker: Person, other: Person) -> None:
    response = blocker.put(f"/users/me/blocks/{other.id}")
    assert (response.status_code, response.data) == (204, b"")


def unblock(blocker: Person, other: Person) -> None:
    response = blocker.delete(f"/users/me/blocks/{other.id}")
    assert (response.status_code, response.data) == (204, b"")


def blocked_by(blocker: Person) -> list[str]:
    return [user["id"] for user in data_of(blocker.get("/users/me/blocks"))]


def hide(person: Person, room: dict[str, Any], hidden: object = True) -> TestResponse:
    return person.put(f"/rooms/{room['id']}/hidden", json={"hidden": hidden})


# Blocks


def test_neither_of_two_writes_to_the_other_until_the_block_ends(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    bob.say(room, "before")
    block(alice, bob)
    for person in (alice, bob):
        assert error_of(person.post_message(room, "after"), 403)["code"] == "forbidden"
        assert [one["data"] for one in person.history(room)["messages"]] == ["before"]
        assert person.talk_to({alice: bob, bob: alice}[person])["id"] == room["id"]
    unblock(alice, bob)
    assert bob.say(room, "again")["seq"] == 2
    alice.say(room, "hello")


def test_the_block_stands_until_both_have_ended_theirs(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    block(alice, bob)
    block(bob, alice)
    unblock(alice, bob)
    for person in (alice, bob):
        error_of(person.post_message(room, "still"), 403)
    assert (alice.room(room["id"])["blocked"], bob.room(room["id"])["blocked"]) == (False, True)
    unblock(bob, alice)
    alice.say(room, "hello")


def test_a_blocked_user_cannot_open_a_direct_room(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    block(alice, bob)
    for person, other in ((bob, alice), (alice, bob)):
        response = person.post("/rooms/direct", json={"username": other.username})
        assert error_of(response, 403)["code"] == "forbidden"
        assert person.rooms() == []
    unblock(alice, bob)
    bob.say(bob.talk_to(alice), "hello")


def test_neither_adds_nor_invites_the_other(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    alice.create_group(bob, name="In both")
    block(alice, bob)
    for person, other in ((bob, alice), (alice, bob)):
        group = person.create_group()
        response = person.post(f"/rooms/{group['id']}/members", json={"username": other.username})
        assert error_of(response, 403)["code"] == "forbidden"
        assert list(person.members(group)) == [person.username]
        assert other.membership_requests() == []


def test_a_request_by_a_user_blocked_since_is_gone(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group = bob.create_group()
    bob.post(f"/rooms/{group['id']}/members", json={"username": alice.username})
    (request,) = alice.membership_requests()
    block(alice, bob)
    error_of(alice.post(f"/users/me/invitations/{request['id']}"), 404)
    assert alice.membership_requests() == []


def test_a_block_shows_to_the_blocker_alone(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    before = bob.room(room["id"])
    assert (alice.room(room["id"])["blocked"], before["blocked"]) == (False, False)
    block(alice, bob)
    assert alice.room(room["id"])["blocked"] is True
    assert bob.room(room["id"]) == before
    assert blocked_by(bob) == []
    assert "blocked" not in alice.create_group()


def test_blocked_users_are_listed_the_newest_block_first(app: Flask) -> None:
    alice, bob, cleo = make_people(app, "alice", "bob", "cleo")
    block(alice, bob)
    block(alice, cleo)
    block(alice, bob)  # once more changes nothing
    listed = data_of(alice.get("/users/me/blocks"))
    assert [user["username"] for user in listed] == [cleo.username, bob.username]
    assert set(listed[0]) == {"id", "username", "nickname", "sex", "avatar", "created_at"}
    unblock(alice, cleo)
    unblock(alice, cleo)
    assert blocked_by(alice) == [bob.id]


@pytest.mark.parametrize("nobody", [UNKNOWN_ID, "x", "0" * 25])
def test_unblocking_a_user_without_a_block_changes_nothing(app: Flask, nobody: str) -> None:
    (alice,) = make_people(app, "alice")
    assert alice.delete(f"/users/me/blocks/{nobody}").status_code == 204
    assert blocked_by(alice) == []


def test_only_somebody_else_can_be_blocked(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    for nobody in (UNKNOWN_ID, "x", alice.username):
        error_of(alice.put(f"/users/me/blocks/{nobody}"), 404)
    own = error_of(alice.put(f"/users/me/blocks/{alice.id}"), 400)
    assert set(own["fields"]) == {"user_id"}
    assert blocked_by(alice) == []


def test_one_blocks_so_many_people_at_most(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAX_BLOCKS", 1)
    alice, bob, cleo = make_people(app, "alice", "bob", "cleo")
    block(alice, bob)
    error = error_of(alice.put(f"/users/me/blocks/{cleo.id}"), 409)
    assert "屏蔽" in error["message"] or "blocked" in error["message"]
    block(alice, bob)
    unblock(alice, bob)
    block(alice, cleo)


@pytest.mark.parametrize("leaver", ["alice", "bob"])
def test_blocks_go_with_either_account(app: Flask, leaver: str) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    block(alice, bob)
    going, staying = (alice, bob) if leaver == "alice" else (bob, alice)
    going.end()
    assert blocked_by(staying) == []
    assert staying.room(room["id"])["blocked"] is False
    db = app.extensions["chat"].database.db
    ids = [one for one in db["block"].find() if str(going.id) in map(str, one.values())]
    assert ids == []
    if leaver == "bob":
        error_of(staying.put(f"/users/me/blocks/{going.id}"), 404)


def test_in_a_group_both_go_on_talking(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group = alice.create_group(bob)
    block(alice, bob)
    bob.say(group, "hello")
    assert [one["data"] for one in alice.history(group)["messages"]] == ["hello"]


# Hiding


def test_a_hidden_conversation_is_shown_again_by_the_next_message(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    bob.say(room, "one")
    assert data_of(hide(alice, room))["hidden"] is True
    assert [one["hidden"] for one in alice.rooms()] == [True]
    assert bob.room(room["id"])["hidden"] is False
    bob.say(room, "two")
    assert [one["hidden"] for one in alice.rooms()] == [False]


def test_an_empty_conversation_is_hidden_and_shown(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    assert bob.room(room["id"])["hidden"] is False
    assert data_of(hide(bob, room))["hidden"] is True
    assert data_of(hide(bob, room, False))["hidden"] is False
    assert data_of(hide(bob, room, True))["hidden"] is True
    alice.say(room, "hello")
    assert bob.room(room["id"])["hidden"] is False


def test_a_group_cannot_be_hidden(app: Flask) -> None:
    alice, bob, eve = make_people(app, "alice", "bob", "eve")
    group = alice.create_group(bob)
    assert error_of(hide(bob, group), 403)["code"] == "forbidden"
    assert bob.room(group["id"])["hidden"] is False
    error_of(hide(eve, group), 404)


@pytest.mark.parametrize("hidden", [None, "yes", 1])
def test_hidden_is_true_or_false(app: Flask, hidden: object) -> None:
    alice, bob = make_people(app, "alice", "bob")
    assert set(error_of(hide(alice, alice.talk_to(bob), hidden), 400)["fields"]) == {"hidden"}
