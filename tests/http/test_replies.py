"""Replies: they name the place of another message and show it as it is now."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.accounts import data_of, error_of
from harness.people import make_people, new_client_id, settle

Room = dict[str, Any]


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only people of its own."""
    return shared_app


def quote(message: dict[str, Any]) -> dict[str, Any]:
    """Return what a reply to a message shows of it."""
    same = ("seq", "version", "user_id", "username", "data", "files")
    return {name: message[name] for name in same} | {"deleted": bool(message["deleted_at"])}


def test_a_reply_shows_what_it_replies_to(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    first = alice.say(room, "😀" * 201)
    replied = bob.say(room, "reply", reply_to=1)
    assert replied["reply_to"] == quote(first | {"data": "😀" * 200})
    assert alice.history(room)["messages"] == [first, replied]
    assert alice.history(room, after_seq=1)["messages"] == [replied], "on another page"
    assert data_of(alice.get(f"/rooms/{room['id']}/messages/2")) == replied


def test_a_quote_has_the_senders_present_nickname(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    alice.say(room, "hello")
    bob.say(room, "reply", reply_to=1)
    data_of(alice.patch("/users/me", json={"nickname": "Ann"}))
    assert bob.history(room)["messages"][1]["reply_to"]["nickname"] == "Ann"


def test_a_message_that_is_none_replies_to_nothing(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    room = alice.create_group()
    assert alice.say(room, "hello")["reply_to"] is None
    assert alice.say(room, "reply", reply_to=None)["reply_to"] is None


def test_a_quote_follows_edits_and_loses_a_deleted_text(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    alice.say(room, "a secret")
    bob.say(room, "reply", reply_to=1)
    place = f"/rooms/{room['id']}/messages/1"
    edited = data_of(alice.patch(place, json={"data": "other"}))
    assert bob.history(room, after_seq=1)["messages"][0]["reply_to"] == quote(edited)
    gone = data_of(alice.delete(place))
    for page in (bob.history(room), bob.history(room, after_seq=1)):
        assert page["messages"][-1]["reply_to"] == quote(gone)
    assert quote(gone)["deleted"] and quote(gone)["data"] == ""
    settle(app)
    database = app.extensions["chat"].database.db
    for name in ("message", "change", "room"):
        assert "a secret" not in str(list(database[name].find()))


def test_a_reply_to_a_reply_shows_the_reply_alone(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    room = alice.create_group()
    alice.say(room, "first")
    second = alice.say(room, "second", reply_to=1)
    third = alice.say(room, "third", reply_to=2)
    assert third["reply_to"] == quote(second)
    assert alice.history(room, after_seq=2)["messages"] == [third]


@pytest.mark.parametrize("seq", [0, -1, 1.0, "1", True, 2**53, [1]])
def test_what_is_no_seq_is_refused(app: Flask, seq: object) -> None:
    (alice,) = make_people(app, "alice")
    room = alice.create_group()
    alice.say(room, "hello")
    refused = alice.post_message(room, "reply", reply_to=seq)
    assert error_of(refused, 400)["fields"].keys() == {"reply_to"}
    assert alice.room(room["id"])["last_seq"] == 1


def test_only_messages_of_the_room_that_are_there_get_replies(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room, other = alice.create_group(bob), alice.create_group(bob)
    for _ in range(3):
        alice.say(other, "in another room")
    alice.say(room, "hello")
    data_of(alice.delete(f"/rooms/{room['id']}/messages/1"))
    for seq in (1, 2, 3):
        refused = error_of(bob.post_message(room, "reply", reply_to=seq), 400)
        assert (refused["code"], refused["fields"].keys()) == ("validation_error", {"reply_to"})
    assert bob.room(room["id"])["last_seq"] == 1


def test_who_may_not_send_may_not_reply(app: Flask) -> None:
    alice, bob, eve = make_people(app, "alice", "bob", "eve")
    room, direct = alice.create_group(bob), alice.talk_to(bob)
    for one in (room, direct):
        alice.say(one, "hello")
    assert error_of(eve.post_message(room, "reply", reply_to=1), 404)["code"] == "not_found"
    data_of(alice.patch(f"/rooms/{room['id']}", json={"posting": "admins"}))
    assert error_of(bob.post_message(room, "reply", reply_to=1), 403)["code"] == "forbidden"
    alice.put(f"/users/me/blocks/{bob.id}")
    for person in (alice, bob):
        refused = person.post_message(direct, "reply", reply_to=1)
        assert error_of(refused, 403)["code"] == "forbidden"
    bob.delete(f"/rooms/{room['id']}/members/{bob.id}")
    assert error_of(bob.post_message(room, "reply", reply_to=1), 404)["code"] == "not_found"


def test_a_repeated_reply_gets_the_stored_one_whatever_became_of_the_quoted(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    alice.say(room, "a secret")
    client_id = new_client_id()
    replied = bob.say(room, "reply", client_id, reply_to=1)
    gone = data_of(alice.delete(f"/rooms/{room['id']}/messages/1"))
    for seq in (1, None, 7):  # also one that names another message than at first, or none
        again = data_of(bob.post_message(room, "reply", client_id, reply_to=seq), 200)
        assert again == replied | {"reply_to": quote(gone)}


def test_an_edited_reply_stays_one_and_a_deleted_one_does_not(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    room = alice.create_group()
    first = alice.say(room, "hello")
    alice.say(room, "reply", reply_to=1)
    place = f"/rooms/{room['id']}/messages/2"
    assert data_of(alice.patch(place, json={"data": "other"}))["reply_to"] == quote(first)
    assert data_of(alice.delete(place))["reply_to"] is None
    stored = app.extensions["chat"].database.db["message"].find_one({"seq": 2, "data": ""})
    assert stored is not None and not {"reply_to", "reply_to_identity"} & stored.keys()


def test_the_last_message_of_a_room_is_shown_without_its_quote(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    alice.say(room, "hello")
    replied = alice.say(room, f"@{bob.username}, yes", reply_to=1)
    shown = replied | {"reply_to": None, "mentions": []}
    assert bob.room(room["id"])["last_message"] == shown
    settle(app)
    assert bob.rooms()[0]["last_message"] == shown
