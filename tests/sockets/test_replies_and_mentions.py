"""Replies and mentions reach all members at once, and one's own settings all of one's sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sockets.conftest import Member, Pair, answered, ask_while, message

People = Callable[..., list[Member]]


def send(client: Any, namespace: str, payload: dict[str, Any]) -> dict[str, Any]:
    answer = answered(lambda: client.call(namespace, "send_message", payload))
    assert "data" in answer, answer
    found: dict[str, Any] = answer["data"]
    return found


def test_a_reply_that_mentions_somebody_is_acked_and_pushed_alike(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    first = bob.post(group, "hello")
    mine, others = ada.socket("/group"), bob.socket("/group")
    said = message(group, f"@{bob.username} yes @all") | {"reply_to": 1}
    acked = send(mine, "/group", said)
    quoted = {"seq": 1, "version": 0, "data": "hello", "deleted": False, "files": []}
    assert acked["reply_to"] == quoted | {name: first[name] for name in ("user_id", "username")}
    assert (acked["mentions"], acked["mentions_all"]) == ([bob.id], True)
    for client in (mine, others):
        assert client.pushed("message_created", seq=2) == acked
    edit = {"room_id": group["id"], "seq": 2, "data": "nobody"}
    edited = answered(lambda: mine.call("/group", "edit_message", edit))["data"]
    assert (edited["mentions"], edited["mentions_all"]) == ([], False)
    assert others.pushed("messages_changed", last_rev=1)["messages"] == [edited]


def test_a_reply_in_a_direct_room_names_its_place_there(people: People) -> None:
    ada, bob = people("ada", "bob")
    room = ada.direct_with(bob)
    client = ada.socket("/direct")
    addressed = {"to": bob.username, "data": "hello"}
    refused = client.call(
        "/direct", "send_message", addressed | {"client_id": "early", "reply_to": 1}
    )
    assert refused["error"]["fields"].keys() == {"reply_to"}
    bob.post(room, "hello")
    by_name = addressed | {"client_id": "by name", "reply_to": 1}
    by_id = message(room, "hello") | {"reply_to": 2}
    assert send(client, "/direct", by_name)["reply_to"]["user_id"] == bob.id
    assert send(client, "/direct", by_id)["reply_to"]["user_id"] == ada.id


def test_a_refused_reply_stops_no_other_send(people: People) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    sent = [message(group) | {"reply_to": 99 if number % 2 else None} for number in range(20)]
    acks = [client.emit("/group", "send_message", one) for one in sent]
    answers = [client.ack(ack_id) for ack_id in acks]
    assert [one["data"]["seq"] for one in answers[::2]] == list(range(1, 11))
    assert {one["error"]["code"] for one in answers[1::2]} == {"validation_error"}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("notify", "mentions", {"notify": "mentions"}),
        ("muted", True, {"notify": "none", "muted": True}),
        ("pinned", True, {"pinned": True}),
        ("hidden", True, {"hidden": True}),
    ],
)
def test_ones_own_settings_of_a_room_are_told_to_ones_own_sockets(
    people: People, name: str, value: object, told: dict[str, object]
) -> None:
    ada, bob = people("ada", "bob")
    room = ada.direct_with(bob)
    ada.post(room, "hello")
    mine, others = [ada.socket("/direct") for _ in range(2)], bob.socket("/direct")
    ada.data("PUT", f"/rooms/{room['id']}/{name}", {name: value})
    settings = {"notify": "all", "muted": False, "hidden": False, "pinned": False}
    for client in mine:
        pushed = client.pushed("room_settings_changed")
        assert pushed == {"room_id": room["id"], "last_seq": 1, **settings, **told}
    others.barrier("/direct")
    assert others.pushes("room_settings_changed") == []


def test_sync_tells_of_the_last_mention_in_each_room(people: People) -> None:
    ada, bob = people("ada", "bob")
    known, new = ada.create_group(bob), ada.create_group(bob)
    for room in (known, new):
        ada.post(room, f"@{bob.username}")
        ada.post(room, "hello")
    found = bob.socket("/group").call("/group", "sync", {"rooms": {known["id"]: 2}})["data"]
    assert found["rooms"][known["id"]]["last_mention_seq"] == 1
    assert [room["last_mention_seq"] for room in found["joined"]] == [1]


def test_what_is_said_elsewhere_quotes_and_mentions_all_the_same(spread: Pair) -> None:
    here, there = spread("here", "there")
    group = here.create_group(there)
    here.post(group, "hello")
    client = here.socket("/group")
    said = message(group, f"@{here.username} yes") | {"reply_to": 1}
    sent = send(there.socket("/group"), "/group", said)
    assert client.pushed("message_created", seq=2) == sent
    assert sent["reply_to"]["data"] == "hello" and sent["mentions"] == [here.id]

    def mark() -> int:
        (room,) = [one for one in here.data("GET", "/rooms") if one["id"] == group["id"]]
        return int(room["last_mention_seq"])

    ask_while(lambda seq: seq != 2, mark)
