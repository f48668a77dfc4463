"""Rooms, live: who hears of what, and until when."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sockets.conftest import Member, message

People = Callable[..., list[Member]]


def test_group_is_made_joined_and_left_over_sockets(people: People) -> None:
    ada, bob = people("ada", "bob")
    owner, joiner = ada.socket("/group"), bob.socket("/group")
    group = owner.call("/group", "create_room", {"name": "读书会", "info": "Mondays"})["data"]
    assert (group["name"], group["info"], group["owner_id"]) == ("读书会", "Mondays", ada.id)
    assert len(group["number"]) == 9 and group["unread"] == 0
    assert owner.pushed("room_created")["id"] == group["id"]

    joined = joiner.call("/group", "join_room", {"number": group["number"]})["data"]
    assert joined["id"] == group["id"]
    assert owner.pushed("member_joined")["user"]["username"] == bob.username
    owner.call("/group", "send_message", message(group, "welcome"))
    assert joiner.pushed("message_created")["data"] == "welcome"
    events = [entry[3][0] for entry in joiner.received if entry[0] == joiner.EVENT]
    assert events[0] == "room_created"

    assert (
        joiner.call("/group", "leave_room", {"room_id": group["id"]})["data"]["id"] == group["id"]
    )
    assert owner.pushed("member_left") == {"room_id": group["id"], "user_id": bob.id}
    assert joiner.pushed("member_left") == {"room_id": group["id"], "user_id": bob.id}
    owner.call("/group", "send_message", message(group, "bye"))
    joiner.barrier("/group")
    assert [push["data"] for push in joiner.pushes("message_created")] == ["welcome"]


def test_joining_twice_is_no_error_and_tells_nobody_again(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    owner, joiner = ada.socket("/group"), bob.socket("/group")
    assert (
        joiner.call("/group", "join_room", {"number": group["number"]})["data"]["id"] == group["id"]
    )
    owner.barrier("/group")
    assert owner.pushes("member_joined") == []


@pytest.mark.parametrize("width", [0, 0xFEE0, 0x660 - 0x30])
def test_a_group_is_entered_by_its_number_with_dashes_and_in_any_digits(
    people: People, width: int
) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group()
    digits = group["number"].translate({code: code + width for code in range(0x30, 0x3A)})
    typed = f"{digits[:3]}\u2011{digits[3:6]}\u3000{digits[6:]}"
    joined = bob.socket("/group").call("/group", "join_room", {"number": typed})
    assert joined["data"]["id"] == group["id"]


def test_owner_cannot_leave_others_behind(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    client = ada.socket("/group")
    answer = client.call("/group", "leave_room", {"room_id": group["id"]})
    assert answer["error"]["code"] == "conflict"
    bob.data("DELETE", f"/rooms/{group['id']}/members/{bob.id}")
    assert "data" in client.call("/group", "leave_room", {"room_id": group["id"]})
    assert client.pushed("room_deleted") == {"room_id": group["id"]}
    assert bob.http("POST", "/rooms/join", {"number": group["number"]}).status_code == 404


def test_removed_member_stops_receiving(people: People) -> None:
    ada, bob, eve = people("ada", "bob", "eve")
    group = ada.create_group(bob, eve)
    removed, witness = eve.socket("/group"), bob.socket("/group")
    ada.data("DELETE", f"/rooms/{group['id']}/members/{eve.id}")
    assert removed.pushed("member_left")["user_id"] == eve.id
    ada.post(group, "without her")
    witness.pushed("message_created", data="without her")
    removed.barrier("/group")
    assert removed.pushes("message_created") == []
    answer = removed.call("/group", "send_message", message(group))
    assert answer["error"]["code"] == "not_found"
    assert removed.call("/group", "sync", {"rooms": {group["id"]: 0}})["data"]["gone"] == [
        group["id"]
    ]


def test_member_added_over_http_hears_the_room_from_then_on(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group()
    ada.post(group, "before")
    client = bob.socket("/group")
    ada.add(group, bob)
    room = client.pushed("room_created")
    assert room["id"] == group["id"] and room["last_seq"] == 1
    assert "unread" not in room and "peer" not in room
    ada.post(group, "after")
    assert client.pushed("message_created")["data"] == "after"
    assert bob.data("GET", f"/rooms/{group['id']}")["unread"] == 1


def test_renaming_and_deleting_reach_the_members(people: People) -> None:
    ada, bob, eve = people("ada", "bob", "eve")
    group = ada.create_group(bob)
    member, stranger = bob.socket("/group"), eve.socket("/group")
    ada.post(group, "first words")
    ada.data("PATCH", f"/rooms/{group['id']}", {"name": "New name"})
    told = member.pushed("room_updated")
    assert (told["name"], told["last_seq"]) == ("New name", 1)
    assert told["last_message"]["username"] == ada.username
    ada.data("DELETE", f"/rooms/{group['id']}")
    assert member.pushed("room_deleted") == {"room_id": group["id"]}
    answer = member.call("/group", "send_message", message(group))
    assert answer["error"]["code"] == "not_found"
    stranger.barrier("/group")
    assert [entry for entry in stranger.received if entry[0] == stranger.EVENT] == []


def test_read_mark_reaches_own_tabs_and_the_others(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    ada.post(group, "one")
    ada.post(group, "two")
    reader, own_tab, other = bob.socket("/group"), bob.socket("/group"), ada.socket("/group")
    assert reader.call("/group", "mark_read", {"room_id": group["id"], "seq": 1}) == {"data": {}}
    expected = {"room_id": group["id"], "user_id": bob.id, "seq": 1}
    for client in (reader, own_tab, other):
        assert client.pushed("message_read") == expected
    assert bob.data("GET", f"/rooms/{group['id']}")["unread"] == 1
    reader.call("/group", "mark_read", {"room_id": group["id"], "seq": 0})
    assert bob.data("GET", f"/rooms/{group['id']}")["last_read_seq"] == 1
    answer = reader.call("/group", "mark_read", {"room_id": group["id"], "seq": 3})
    assert answer["error"]["code"] == "validation_error"


def test_typing_is_pushed_at_most_once_in_a_while(people: People) -> None:
    ada, bob = people("ada", "bob")
    room = ada.direct_with(bob)
    typist, other = ada.socket("/direct"), bob.socket("/direct")
    # All at once: on a busy machine one after the other may take that while.
    for ack_id in typist.emit_at_once("/direct", "typing", [{"room_id": room["id"]}] * 5):
        assert typist.ack(ack_id) == {"data": {}}
    assert other.pushed("user_typing") == {"room_id": room["id"], "user_id": ada.id}
    other.barrier("/direct")
    assert len(other.pushes("user_typing")) == 1


def test_peer_and_members_show_who_is_online(people: People) -> None:
    ada, bob = people("ada", "bob")
    room, group = ada.direct_with(bob), ada.create_group(bob)
    assert ada.data("GET", f"/rooms/{room['id']}")["peer"]["online"] is False
    bob.socket("/group")
    assert ada.data("GET", f"/rooms/{room['id']}")["peer"]["online"] is True
    members = ada.data("GET", f"/rooms/{group['id']}/members")
    assert {found["user"]["id"]: found["user"]["online"] for found in members} == {
        ada.id: False,
        bob.id: True,
    }


def test_coming_and_going_is_pushed_to_those_who_share_a_room(people: People) -> None:
    ada, bob, eve = people("ada", "bob", "eve")
    ada.direct_with(bob)
    for _ in range(2):
        ada.create_group(bob)
    friend, stranger = bob.socket("/direct", "/group"), eve.socket("/direct", "/group")
    first, second = ada.socket("/group"), ada.socket("/direct")
    for namespace in ("/direct", "/group"):
        came = {"user_id": ada.id, "online": True}
        friend.wait(lambda entry: entry[1] == namespace and entry[3] == ["presence_changed", came])
    first.close()
    second.close()
    left = {"user_id": ada.id, "online": False}
    for namespace in ("/direct", "/group"):
        friend.wait(lambda entry: entry[1] == namespace and entry[3] == ["presence_changed", left])
    told = [push for push in friend.pushes("presence_changed") if push["user_id"] == ada.id]
    assert [push["online"] for push in told] == [True, True, False, False]
    stranger.barrier("/group")
    assert [push for push in stranger.pushes("presence_changed") if push["user_id"] == ada.id] == []


def test_reloading_a_page_is_not_leaving(people: People) -> None:
    ada, bob = people("ada", "bob")
    ada.create_group(bob)
    friend = bob.socket("/group")
    first, second = ada.socket("/group"), ada.socket()
    friend.pushed("presence_changed", user_id=ada.id, online=True)
    first.close()
    assert "sid" in second.connect("/group", ada.token)  # soon, also on a busy machine
    second.close()
    friend.pushed("presence_changed", user_id=ada.id, online=False)
    told = [push for push in friend.pushes("presence_changed") if push["user_id"] == ada.id]
    assert [push["online"] for push in told] == [True, False]


def require_one_owner(member: Member, group: dict[str, Any]) -> None:
    """Check that the roles of the members and the room name the same one owner."""
    members = member.data("GET", f"/rooms/{group['id']}/members")
    owners = [found["user"]["id"] for found in members if found["role"] == "owner"]
    assert owners == [member.data("GET", f"/rooms/{group['id']}")["owner_id"]]


def test_group_has_one_owner_whoever_hands_it_over_at_once(people: People) -> None:
    ada, bob, eve = people("ada", "bob", "eve")
    for _ in range(5):
        group = ada.create_group(bob, eve)
        paths = [f"/rooms/{group['id']}/members/{heir.id}" for heir in (bob, eve)]
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda path: ada.http("PATCH", path, {"role": "owner"}), paths))
        require_one_owner(ada, group)


def test_group_keeps_its_owner_when_the_heir_leaves_at_once(people: People) -> None:
    ada, bob = people("ada", "bob")
    for _ in range(5):
        group = ada.create_group(bob)
        path = f"/rooms/{group['id']}/members/{bob.id}"
        with ThreadPoolExecutor() as pool:
            handing = pool.submit(ada.http, "PATCH", path, {"role": "owner"})
            pool.submit(bob.http, "DELETE", path).result()
            handing.result()
        require_one_owner(ada, group)
