"""Changing messages over HTTP: edit, delete, react, pin; and listing changes."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from werkzeug.test import TestResponse

from chat.policies import MAX_EMOJI, MAX_USED_EMOJI
from chat.services.changes import MAX_PINS
from harness.accounts import data_of, error_of
from harness.people import Person, make_people, new_client_id, settle

HEART, THUMB = "❤️", "👍"
Room = dict[str, Any]
# 21 different ones
FACES = [chr(code) for code in range(0x1F600, 0x1F600 + MAX_EMOJI + 1)]


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only people of its own."""
    return shared_app


def place(room: Room, seq: int) -> str:
    return f"/rooms/{room['id']}/messages/{seq}"


def edit(person: Person, room: Room, seq: int, data: str = "other") -> TestResponse:
    return person.patch(place(room, seq), json={"data": data})


def react(person: Person, room: Room, seq: int, emoji: str) -> TestResponse:
    return person.put(f"{place(room, seq)}/reactions/{emoji}")


def take_back(person: Person, room: Room, seq: int, emoji: str) -> TestResponse:
    return person.delete(f"{place(room, seq)}/reactions/{emoji}")


def pin(person: Person, room: Room, seq: int) -> TestResponse:
    return person.put(f"{place(room, seq)}/pin")


def get(person: Person, room: Room, seq: int) -> dict[str, Any]:
    found: dict[str, Any] = data_of(person.get(place(room, seq)))
    return found


def changes(person: Person, room: Room, after_rev: int, **query: int) -> dict[str, Any]:
    found: dict[str, Any] = data_of(
        person.get(f"/rooms/{room['id']}/changes", query_string={"after_rev": after_rev, **query})
    )
    return found


def test_an_edited_message_keeps_its_place_and_has_another_text(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    sent = alice.say(room, "hello")
    edited = data_of(edit(alice, room, 1, "hello there"))
    assert edited["edited_at"] >= sent["created_at"] and edited["deleted_at"] is None
    assert (edited["version"], edited["data"]) == (1, "hello there")
    same = ("id", "seq", "client_id", "user_id", "created_at")
    assert [edited[name] for name in same] == [sent[name] for name in same]
    assert get(bob, room, 1) == edited == bob.history(room)["messages"][0]
    assert bob.room(room["id"])["last_message"] == edited


def test_a_deleted_message_leaves_its_place_alone(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    client_id = new_client_id()
    alice.say(room, "a secret", client_id)
    data_of(react(bob, room, 1, HEART))
    data_of(pin(alice, room, 1))
    gone = data_of(alice.delete(place(room, 1)))
    assert (gone["data"], gone["reactions"], gone["pinned"]) == ("", [], False)
    assert gone["deleted_at"] and gone["version"] == 3 and gone["client_id"] == client_id
    assert get(bob, room, 1) == gone
    assert data_of(alice.delete(place(room, 1))) == gone, "whoever lost the answer asks again"
    again = data_of(alice.post_message(room, "a secret", client_id), 200)
    assert again == gone
    settle(app)
    assert bob.room(room["id"])["last_message"] == gone
    services = app.extensions["chat"]
    log = list(services.database.db["change"].find({"message_identity": ObjectId(gone["id"])}))
    assert len(log) == 3 and all("value" not in one and "emoji" not in one for one in log)


@pytest.mark.parametrize("what", ["edit", "react", "take back", "pin"])
def test_nothing_is_done_to_what_is_deleted(app: Flask, what: str) -> None:
    (alice,) = make_people(app, "alice")
    room = alice.create_group()
    alice.say(room, "hello")
    data_of(alice.delete(place(room, 1)))
    calls = {
        "edit": lambda: edit(alice, room, 1),
        "react": lambda: react(alice, room, 1, HEART),
        "take back": lambda: take_back(alice, room, 1, HEART),
        "pin": lambda: pin(alice, room, 1),
    }
    assert error_of(calls[what](), 409)["code"] == "conflict"


def test_a_member_who_may_no_longer_post_cannot_edit_but_can_react(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    bob.say(room, "hello")
    data_of(alice.patch(f"/rooms/{room['id']}", json={"posting": "admins"}))
    assert error_of(edit(bob, room, 1), 403)["code"] == "forbidden"
    data_of(react(bob, room, 1, HEART))
    data_of(bob.delete(place(room, 1)))


def test_what_moderators_delete_is_in_the_audit_log_and_ones_own_is_not(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    for _ in range(2):
        bob.say(room, "hello")
    data_of(bob.delete(place(room, 1)))
    data_of(alice.delete(place(room, 2)))
    audit = app.extensions["chat"].audit
    assert audit.flush()
    noted = [
        one for one in audit.list_latest(20, user_id=bob.id) if one.action == "message_deleted"
    ]
    assert [(one.actor_id, one.target_id, one.room_id) for one in noted] == [
        (alice.id, bob.id, room["id"])
    ]
    assert noted[0].detail == "seq 2" and noted[0].address


def test_reactions_are_counted_and_the_readers_own_are_listed(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    alice.say(room, "hello")
    data_of(react(alice, room, 1, HEART))
    data_of(react(bob, room, 1, HEART))
    mine = data_of(react(bob, room, 1, THUMB))
    assert mine["reactions"] == [
        {"emoji": HEART, "count": 2, "user_ids": [alice.id, bob.id]},
        {"emoji": THUMB, "count": 1, "user_ids": [bob.id]},
    ]
    assert mine["own_reactions"] == [HEART, THUMB]
    assert get(alice, room, 1)["own_reactions"] == [HEART]
    assert alice.history(room)["messages"][0]["own_reactions"] == [HEART]
    left = data_of(take_back(alice, room, 1, HEART))
    assert left["own_reactions"] == [] and left["reactions"][0]["user_ids"] == [bob.id]
    listed = data_of(alice.get(f"{place(room, 1)}/reactions"))
    assert [(one["user"]["id"], one["emoji"]) for one in listed] == [
        (bob.id, HEART),
        (bob.id, THUMB),
    ]
    rest = {"after": listed[0]["rev"]}
    assert data_of(alice.get(f"{place(room, 1)}/reactions", query_string=rest)) == listed[1:]
    thumbs = data_of(alice.get(f"{place(room, 1)}/reactions", query_string={"emoji": THUMB}))
    assert thumbs == listed[1:]


@pytest.mark.parametrize("spelling", ["❤", "❤️"])
def test_an_emoji_is_one_however_it_is_spelt(app: Flask, spelling: str) -> None:
    (alice,) = make_people(app, "alice")
    room = alice.create_group()
    alice.say(room, "hello")
    assert data_of(react(alice, room, 1, spelling))["own_reactions"] == [HEART]


@pytest.mark.parametrize("text", ["x", "❤️❤️", ":heart:", "1", "👍 ", "🏽", "\u200d", "$", "a.b"])
def test_what_is_not_one_emoji_is_refused(app: Flask, text: str) -> None:
    (alice,) = make_people(app, "alice")
    room = alice.create_group()
    alice.say(room, "hello")
    error = error_of(react(alice, room, 1, text), 400)
    assert error["code"] == "validation_error" and list(error["fields"]) == ["emoji"]


def test_a_message_has_so_many_different_emoji(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    alice.say(room, "hello")
    for emoji in FACES[:MAX_EMOJI]:
        data_of(react(alice, room, 1, emoji))
    assert error_of(react(bob, room, 1, FACES[MAX_EMOJI]), 409)["code"] == "conflict"
    data_of(react(bob, room, 1, FACES[0]))
    data_of(take_back(alice, room, 1, FACES[1]))
    data_of(react(bob, room, 1, FACES[MAX_EMOJI]))


def test_removed_reactions_count_towards_the_bound_of_used_emoji(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    room = alice.create_group()
    alice.say(room, "hello")
    for code in range(MAX_USED_EMOJI):
        emoji = chr(0x1F400 + code)  # animals and what they wear
        data_of(react(alice, room, 1, emoji))
        data_of(take_back(alice, room, 1, emoji))
    assert error_of(react(alice, room, 1, HEART), 409)["code"] == "conflict"


def test_pinned_messages_are_listed_and_so_many(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    for _ in range(MAX_PINS + 1):
        alice.say(room, "hello")
    for seq in range(1, MAX_PINS + 1):
        assert data_of(pin(alice, room, seq))["pinned"]
    assert error_of(pin(alice, room, MAX_PINS + 1), 409)["code"] == "conflict"
    data_of(pin(alice, room, 1))
    assert not data_of(alice.delete(f"{place(room, 2)}/pin"))["pinned"]
    data_of(pin(alice, room, MAX_PINS + 1))
    pins = data_of(bob.get(f"/rooms/{room['id']}/pins"))
    wanted = {1, *range(3, MAX_PINS + 2)}
    assert {one["seq"] for one in pins} == wanted and len(pins) == MAX_PINS


def test_what_changed_is_read_from_where_one_left_off(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    for number in range(4):
        alice.say(room, str(number))
    page = bob.history(room)
    assert page["last_rev"] == 0
    for seq in (1, 2, 1, 3):
        data_of(edit(alice, room, seq, f"edited {seq}"))
    found = changes(bob, room, page["last_rev"])
    assert [one["seq"] for one in found["messages"]] == [1, 2, 3]
    assert (found["after_rev"], found["last_rev"]) == (0, 4)
    assert not found["has_more"] and not found["reset"]
    first = changes(bob, room, 0, limit=1)
    assert [one["seq"] for one in first["messages"]] == [1]
    assert first["has_more"] and first["last_rev"] == 1
    rest = changes(bob, room, first["last_rev"])
    assert [one["seq"] for one in rest["messages"]] == [2, 1, 3] and not rest["has_more"]
    assert changes(bob, room, 4)["messages"] == []
    assert changes(bob, room, 5)["reset"]
    assert data_of(bob.get(f"/rooms/{room['id']}"))["last_rev"] == 4


def test_large_changes_are_split_into_pages(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    room = alice.create_group()
    for seq in range(1, 31):
        alice.say(room, "short")
        data_of(edit(alice, room, seq, "字" * 4_000))
    seen, rev, pages = set(), 0, 0
    while rev < 30:
        found = changes(alice, room, rev, limit=100)
        assert found["last_rev"] > rev
        seen |= {one["seq"] for one in found["messages"]}
        rev, pages = found["last_rev"], pages + 1
    assert seen == set(range(1, 31)) and pages == 2


@pytest.mark.parametrize("seq", ["0", "2", "x", "9" * 30, "-1", "1.0"])
def test_a_place_without_a_message_is_not_found(app: Flask, seq: str) -> None:
    (alice,) = make_people(app, "alice")
    room = alice.create_group()
    alice.say(room, "hello")
    path = f"/rooms/{room['id']}/messages/{seq}"
    for answer in (alice.get(path), alice.patch(path, json={"data": "other"}), alice.delete(path)):
        assert error_of(answer, 404)["code"] == "not_found"


def test_a_room_takes_the_log_of_its_changes_with_it(app: Flask) -> None:
    (alice,) = make_people(app, "alice")
    room = alice.create_group()
    alice.say(room, "hello")
    data_of(edit(alice, room, 1))
    assert alice.delete(f"/rooms/{room['id']}").status_code == 204
    services = app.extensions["chat"]
    services.jobs.run_due()
    found = services.database.db["change"].count_documents({"room_identity": ObjectId(room["id"])})
    assert found == 0
