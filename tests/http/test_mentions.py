"""Mentions: found once, in what is sent and what is edited, among the members."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from chat.services import mentions
from chat.wiring import Services
from harness.accounts import data_of
from harness.people import Person, make_people

Room = dict[str, Any]


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only people of its own."""
    return shared_app


@pytest.fixture(params=["small", "large"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rooms are small or large ones: names are compared with the members' or looked up."""
    if request.param == "large":
        monkeypatch.setattr(mentions, "MATCHED_MEMBERS", 0)


def last_mention(person: Person, room: Room) -> int:
    """Return the mark of the last mention, which one room and the list show alike."""
    (listed,) = [one for one in person.rooms() if one["id"] == room["id"]]
    assert person.room(room["id"])["last_mention_seq"] == listed["last_mention_seq"]
    return int(listed["last_mention_seq"])


def written_marks(app: Flask, person: Person, room: Room) -> int:
    """Return the mark as another process sees it."""
    services: Services = app.extensions["chat"]
    assert services.mention_marks.flush()
    services.mention_marks.forget_all()
    services.membership_cache.forget_all()
    return last_mention(person, room)


@pytest.mark.usefixtures("size")
def test_members_are_mentioned_by_name_and_others_are_not(app: Flask) -> None:
    alice, bob, eve = make_people(app, "alice", "bob", "eve")
    room = alice.create_group(bob)
    names = [bob.username.upper(), eve.username, alice.username, "nobody", bob.username]
    sent = alice.say(room, " ".join(f"@{name}." for name in names))
    assert sent["mentions"] == [bob.id, alice.id] and sent["mentions_all"] is False
    assert bob.history(room)["messages"] == [sent]
    assert alice.say(room, "hello")["mentions"] == []


@pytest.mark.usefixtures("size")
def test_of_two_names_the_longer_one_is_meant(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    (other,) = app.extensions["chat"].accounts.create_many([f"{bob.username}."], "long enough")
    room = alice.create_group(bob)
    text = f"@{bob.username}."
    assert alice.say(room, text)["mentions"] == [bob.id], "the other one is no member"
    app.extensions["chat"].joining.join(other, room["number"])
    assert alice.say(room, text)["mentions"] == [other.id]


def test_both_of_a_direct_room_can_be_mentioned(app: Flask) -> None:
    alice, bob, eve = make_people(app, "alice", "bob", "eve")
    room = alice.talk_to(bob)
    said = f"@{bob.username} @{eve.username} @all"
    sent = alice.say(room, said)
    assert (sent["mentions"], sent["mentions_all"]) == ([bob.id], False)
    assert last_mention(bob, room) == 1 and last_mention(alice, room) == 0


@pytest.mark.parametrize("text", ["@all", "@所有人"])
def test_owner_and_admins_mention_all_and_members_only_write_so(app: Flask, text: str) -> None:
    alice, bob, carol = make_people(app, "alice", "bob", "carol")
    room = alice.create_group(bob, carol)
    assert bob.say(room, text)["mentions_all"] is False
    assert last_mention(carol, room) == 0
    assert alice.say(room, text)["mentions_all"] is True
    data_of(alice.patch(f"/rooms/{room['id']}/members/{bob.id}", json={"role": "admin"}))
    assert bob.say(room, text)["mentions_all"] is True
    assert [last_mention(one, room) for one in (alice, carol)] == [3, 3]


def test_all_are_mentioned_by_one_mark_on_the_room(app: Flask) -> None:
    alice, bob, carol = make_people(app, "alice", "bob", "carol")
    room = alice.create_group(bob, carol)
    alice.say(room, "@all")
    assert written_marks(app, bob, room) == 1 == written_marks(app, carol, room)
    assert written_marks(app, alice, room) == 0, "one does not mention oneself"
    members = app.extensions["chat"].database.db["user_room"]
    (one,) = members.find({"user_identity": ObjectId(bob.id)})
    assert "last_mention_seq" not in one


def test_a_mark_is_the_last_mention_by_others_and_never_goes_back(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    alice.say(room, f"@{bob.username}")
    assert last_mention(bob, room) == 1 == written_marks(app, bob, room)
    bob.say(room, f"I, @{bob.username}")
    alice.say(room, "hello")
    assert last_mention(bob, room) == 1
    alice.say(room, f"@{bob.username}")
    data_of(alice.delete(f"/rooms/{room['id']}/messages/4"))
    assert last_mention(bob, room) == 4 == written_marks(app, bob, room)
    alice.say(room, "@all")
    assert last_mention(bob, room) == 5 == written_marks(app, bob, room)


def test_an_edit_mentions_whom_the_new_text_names(app: Flask) -> None:
    alice, bob, carol = make_people(app, "alice", "bob", "carol")
    room = alice.create_group(bob, carol)
    alice.say(room, f"@{bob.username}")
    edited = alice.change(room, 1, data=f"@{carol.username} @all")
    assert (edited["mentions"], edited["mentions_all"]) == ([carol.id], True)
    assert carol.history(room)["messages"] == [edited]
    assert last_mention(carol, room) == 1 == written_marks(app, carol, room)
    again = alice.change(room, 1, data="nobody")
    assert (again["mentions"], again["mentions_all"]) == ([], False)


def test_what_is_deleted_mentions_nobody_and_neither_does_the_log(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    text = f"@{bob.username} @all"
    sent = alice.say(room, text)
    alice.change(room, 1, data=f"again {text}")
    gone = data_of(alice.delete(f"/rooms/{room['id']}/messages/1"))
    assert (gone["mentions"], gone["mentions_all"]) == ([], False)
    database = app.extensions["chat"].database.db
    stored = database["message"].find_one({"_id": ObjectId(sent["id"])})
    left = [stored, *database["change"].find({"message_identity": ObjectId(sent["id"])})]
    assert not any(name.startswith("mentions") for one in left for name in one)


@pytest.mark.usefixtures("size")
def test_a_member_who_left_is_mentioned_no_more(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.create_group(bob)
    assert alice.say(room, f"@{bob.username}")["mentions"] == [bob.id]
    assert bob.delete(f"/rooms/{room['id']}/members/{bob.id}").status_code == 204
    assert alice.say(room, f"@{bob.username}")["mentions"] == []
    bob.join(room)
    assert last_mention(bob, room) <= bob.room(room["id"])["last_read_seq"]
