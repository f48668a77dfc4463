"""A new nickname or picture reaches whoever shares a room with its owner."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Flask

from chat.chunks import chunked
from chat.clock import now_ms
from chat.models import Membership
from chat.repositories.memberships import MembershipRepository
from chat.services.capacity import MAX_MEMBERS
from harness.servers import Server
from tests.http.uploading import picture
from tests.sockets.conftest import Member, Pair
from tests.stopwatch import Stopwatch

People = Callable[..., list[Member]]

CHANGED_WITHIN = 5.0  # seconds, as promised


def test_a_change_reaches_all_who_share_a_room_once_and_nobody_else(people: People) -> None:
    ada, bob, cleo, eve = people("ada", "bob", "cleo", "eve")
    for _ in range(3):  # rooms in common make no further pushes
        ada.create_group(bob)
    ada.direct_with(cleo)
    own, bobs, cleos, eves = [one.socket("/direct", "/group") for one in (ada, bob, cleo, eve)]
    ada.data("PATCH", "/users/me", {"nickname": "Ada L.", "sex": 2})
    seen = {"id": ada.id, "username": ada.username, "nickname": "Ada L.", "sex": 2}
    for client, namespaces in (
        (bobs, ["/group"]),
        (cleos, ["/direct"]),
        (own, ["/direct", "/group"]),
        (eves, []),
    ):
        client.barrier("/group")
        client.barrier("/direct")
        told = [
            (entry[1], entry[3][1])
            for entry in client.received
            if entry[0] == client.EVENT and entry[3][0] == "user_changed"
        ]
        assert sorted(namespace for namespace, _ in told) == namespaces
        for _, user in told:
            created_at = user.pop("created_at")
            assert isinstance(created_at, int)
            assert user == seen | {"avatar": ""}, "neither e-mail nor locale"


def test_a_new_picture_reaches_those_who_see_it(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    client = bob.socket("/group")
    avatar = ada.data("PUT", "/users/me/avatar", content=picture())["avatar"]
    assert client.pushed("user_changed", id=ada.id)["avatar"] == avatar != ""
    of_group = ada.data("PUT", f"/rooms/{group['id']}/avatar", content=picture())["avatar"]
    assert client.pushed("room_updated", id=group["id"])["avatar"] == of_group != ""
    assert bob.http("GET", f"/files/{of_group}").headers["Content-Type"] == "image/webp"


def test_the_language_one_chooses_is_nobodys_business(people: People) -> None:
    ada, bob = people("ada", "bob")
    ada.create_group(bob)
    own, client = ada.socket("/group"), bob.socket("/group")
    ada.data("PATCH", "/users/me", {"locale": "zh"})
    client.barrier("/group")
    assert client.pushes("user_changed") == []
    assert (
        own.call("/group", "nothing")["error"]["message"]
        != client.call("/group", "nothing")["error"]["message"]
    ), "but the answers to oneself are in it from now on"


def test_a_change_made_elsewhere_reaches_the_clients_here_once(
    spread: Pair, server: Server, elsewhere: Server
) -> None:
    here, there = spread("here", "there")
    there.create_group(here)
    own, client = there.on(here).socket("/group"), here.socket("/group")
    watch = Stopwatch(server, elsewhere)
    there.data("PATCH", "/users/me", {"nickname": "Elsewhere"})
    for one in (client, own):
        assert one.pushed("user_changed")["nickname"] == "Elsewhere"
    assert watch.seconds() < CHANGED_WITHIN
    there.data("PATCH", "/users/me", {"nickname": "Again"})
    client.pushed("user_changed", nickname="Again")
    there.data("PATCH", "/users/me", {"nickname": "Elsewhere"})
    deadline = time.monotonic() + 30
    while len(client.pushes("user_changed")) < 3 and time.monotonic() < deadline:
        client.read()
    assert [user["nickname"] for user in client.pushes("user_changed")] == [
        "Elsewhere",
        "Again",
        "Elsewhere",
    ]


def test_a_deleted_account_is_told_of_by_its_leaving(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    client = bob.socket("/group")
    ada.data("DELETE", "/users/me", {"password": ada.password})
    assert client.pushed("member_left", room_id=group["id"])["user_id"] == ada.id
    client.barrier("/group")
    assert client.pushes("user_changed") == []


def test_a_member_of_a_full_group_changes_their_name(
    people: People, beside: Flask, server: Server
) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    memberships = MembershipRepository(beside.extensions["chat"].database)
    absent = [f"{number:024x}" for number in range(1, MAX_MEMBERS - 1)]
    for some in chunked(absent, 250):
        memberships.insert_many(
            [Membership(group["id"], one, "member", 0, now_ms()) for one in some]
        )
    client = bob.socket("/group")
    watch = Stopwatch(server)
    ada.data("PATCH", "/users/me", {"nickname": "One of many"})
    assert client.pushed("user_changed")["nickname"] == "One of many"
    assert watch.seconds() < CHANGED_WITHIN
