"""Who is told of which message, and what the push says."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId

from chat.models import Membership
from chat.repositories.memberships import MembershipRepository
from harness.accounts import data_of
from harness.people import make_people, settle
from tests.push.conftest import Town

Room = dict[str, Any]


def test_a_direct_message_arrives_with_ids_alone(town: Town, direct: Room) -> None:
    town.subscribe()
    said = town.bob.say(direct, "secret")
    town.send()
    received = town.service.next()
    assert town.browser.read(received) == {
        "type": "message",
        "room_id": direct["id"],
        "kind": "direct",
        "seq": 1,
        "message_id": said["id"],
        "unread": 1,
    }
    claims = received.claims(town.service.origin)
    assert claims["sub"].startswith("mailto:")
    headers = {name: received.headers[name] for name in ("Content-Encoding", "Urgency")}
    assert headers == {"Content-Encoding": "aes128gcm", "Urgency": "high"}
    assert 3_500 < int(received.headers["TTL"]) <= 3_600
    assert town.waiting() == 0


def test_the_text_arrives_only_if_the_person_wants_it(town: Town) -> None:
    town.subscribe(text=True)
    group = town.bob.create_group(town.ann, name="Tea")
    town.bob.say(group, f"@{town.ann.username} " + "水" * 3_900)
    town.send()
    received = town.service.next()
    said = town.browser.read(received)
    assert (said["sender"], said["room"], len(said["text"])) == (town.bob.username, "Tea", 200)
    assert len(received.body) < 3_000


def test_in_a_group_only_mentions_are_told_unless_one_chose_all(town: Town) -> None:
    town.subscribe()
    group = town.bob.create_group(town.ann)

    def is_told(text: str) -> bool:
        town.bob.say(group, text)
        town.send()
        if town.service.is_empty:
            return False
        town.service.next()
        return True

    def choose(notify: str) -> None:
        data_of(town.ann.put(f"/rooms/{group['id']}/notify", json={"notify": notify}))

    name = f"@{town.ann.username}"
    assert [is_told(text) for text in ("hello", name, "@all")] == [False, True, True]
    choose("all")
    assert [is_told(text) for text in ("hello", name)] == [True, True]
    choose("mentions")
    assert [is_told(text) for text in ("hello", name)] == [False, True]
    choose("none")
    assert [is_told(text) for text in ("hello", name, "@all")] == [False, False, False]


def test_nobody_is_told_of_their_own_message(town: Town, direct: Room) -> None:
    town.subscribe()
    town.ann.say(direct, "hello")
    town.send()
    assert town.service.is_empty and town.waiting() == 0


def test_several_messages_in_a_room_are_one_push(town: Town, direct: Room) -> None:
    town.subscribe()
    for text in ("one", "two", "three"):
        town.bob.say(direct, text)
    town.send()
    said = town.browser.read(town.service.next())
    assert (said["seq"], said["unread"]) == (3, 3) and town.service.is_empty


def test_of_several_messages_to_all_the_members_are_listed_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[str] = []

    def list_of_room(self: MembershipRepository, room_id: str) -> list[Membership]:
        listed.append(room_id)
        return found(self, room_id)

    found = MembershipRepository.list_of_room
    town.subscribe()
    group = town.bob.create_group(town.ann)
    for text in ("@all one", "@all two", "three"):
        town.bob.say(group, text)
    settle(town.app)
    monkeypatch.setattr(MembershipRepository, "list_of_room", list_of_room)
    town.send()
    assert town.browser.read(town.service.next())["seq"] == 2
    assert listed == [group["id"]]


@pytest.mark.parametrize("what", ["read", "deleted", "left", "too old", "logged out", "blocked"])
def test_what_is_over_by_then_is_told_to_nobody(town: Town, what: str) -> None:
    town.subscribe()
    direct = town.bob.talk_to(town.ann)
    group = town.bob.create_group(town.ann)
    room = group if what == "left" else direct
    town.bob.say(room, "@all")
    town.follow()
    assert town.waiting() == 1
    messages = town.services.database.db["message"]
    if what == "read":
        data_of(town.ann.put(f"/rooms/{room['id']}/read", json={"seq": 1}))
    elif what == "deleted":
        town.bob.change(room, 1, deleted=True)
    elif what == "left":
        town.ann.delete(f"/rooms/{room['id']}/members/{town.ann.id}")
    elif what == "too old":
        messages.update_many(
            {"room_identity": ObjectId(room["id"])}, {"$inc": {"created_at": -3_700_000}}
        )
    elif what == "logged out":
        assert town.ann.delete("/session").status_code == 204
    else:
        town.ann.put(f"/users/me/blocks/{town.bob.id}")
    town.send()
    assert town.service.is_empty and town.waiting() == 0


def test_who_has_a_page_open_has_some_seconds_to_read(town: Town, direct: Room) -> None:
    town.subscribe()
    town.services.presence.connected(town.ann.id, ())
    town.bob.say(direct, "hello")
    town.send()
    assert town.service.is_empty and town.waiting() == 1
    town.go_on(4_000)
    town.send()
    assert town.browser.read(town.service.next())["seq"] == 1


def test_an_edit_tells_nobody(town: Town) -> None:
    town.subscribe()
    group = town.bob.create_group(town.ann)
    said = town.bob.say(group, "hello")
    town.send()
    town.bob.change(group, said["seq"], data=f"hello @{town.ann.username}")
    town.send()
    assert town.service.is_empty and town.waiting() == 0


def test_what_was_said_before_the_first_start_is_no_news(town: Town) -> None:
    """The town has started before anybody subscribed; only later messages are told."""
    old = town.bob.talk_to(town.ann)
    town.bob.say(old, "before she subscribed")
    town.send()
    town.subscribe()
    town.send()
    assert town.service.is_empty and town.waiting() == 0


def test_a_browser_that_another_person_uses_now_tells_the_first_one_nothing(
    town: Town, direct: Room
) -> None:
    (eve,) = make_people(town.app, "eve")
    town.subscribe()
    town.subscribe(eve)
    town.bob.say(direct, "for ann")
    town.send()
    assert town.service.is_empty and town.waiting() == 0
