"""What connected clients hear of a deleted account, and what can still be said to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from harness.accounts import new_password
from tests.sockets.conftest import Member, message
from tests.wire import WireClient

People = Callable[..., list[Member]]


def to(name: str, data: str) -> dict[str, Any]:
    return {"to": name, "client_id": data, "data": data}


def delete(member: Member) -> None:
    member.data("DELETE", "/users/me", {"password": member.password})


def test_all_sockets_of_a_deleted_account_are_closed(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = bob.create_group(ada)
    phone, laptop = ada.socket("/direct", "/group"), ada.socket("/group")
    delete(ada)
    for client, namespace in ((phone, "/direct"), (phone, "/group"), (laptop, "/group")):
        client.wait(lambda entry: (entry[0], entry[1]) == (WireClient.DISCONNECT, namespace))
    bob.post(group, "she left")
    answer = laptop.call("/group", "sync", {"rooms": {}})
    assert answer["error"]["code"] == "unauthorized"
    assert laptop.pushes("message_created") == []
    assert laptop.connect("/direct", ada.token)["message"] == "unauthorized"


def test_members_hear_who_left_and_whose_the_group_is_now(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    client = bob.socket("/group")
    delete(ada)
    assert client.pushed("member_left") == {"room_id": group["id"], "user_id": ada.id}
    assert client.pushed("room_updated")["owner_id"] == bob.id
    answer = client.call("/group", "send_message", message(group, "mine now"))
    assert answer["data"]["username"] == bob.username


def test_the_other_one_of_a_direct_room_keeps_it_and_cannot_write(people: People) -> None:
    ada, bob = people("ada", "bob")
    client = bob.socket("/direct")
    sent = client.call("/direct", "send_message", to(ada.username, "hello"))["data"]
    room_id = sent["room_id"]
    delete(ada)
    assert client.pushed("member_left") == {"room_id": room_id, "user_id": ada.id}
    answer = client.call("/direct", "send_message", message({"id": room_id}, "hello?"))
    assert answer["error"]["code"] == "forbidden"
    answer = client.call("/direct", "send_message", to(ada.username, "anybody?"))
    assert answer["error"]["code"] == "not_found"
    (room,) = client.call("/direct", "sync", {"rooms": {}})["data"]["joined"]
    assert (room["id"], room["peer"], room["last_seq"]) == (room_id, None, 1)
    assert "data" in client.call("/direct", "mark_read", {"room_id": room_id, "seq": 1})


def test_who_takes_the_name_next_gets_a_room_of_their_own(people: People, beside: Flask) -> None:
    ada, bob = people("ada", "bob")
    client = bob.socket("/direct")
    old = client.call("/direct", "send_message", to(ada.username, "to the first"))["data"]
    delete(ada)
    list(beside.extensions["chat"].accounts.create_many([ada.username], new_password()))
    new = client.call("/direct", "send_message", to(ada.username, "to the second"))["data"]
    assert new["room_id"] != old["room_id"] and new["seq"] == 1
    joined = client.call("/direct", "sync", {"rooms": {}})["data"]["joined"]
    peers = {room["id"]: room["peer"] for room in joined}
    assert peers[old["room_id"]] is None
    assert peers[new["room_id"]]["username"] == ada.username
    assert peers[new["room_id"]]["id"] != ada.id
