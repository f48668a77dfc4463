"""What is done to messages reaches all members at once, and those who come back later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.servers import Server
from tests.sockets.conftest import Member, Pair, answered, message
from tests.stopwatch import Stopwatch

People = Callable[..., list[Member]]
HEART = "❤️"
PUSHED_WITHIN = 3.0  # seconds, as promised


def call(client: Any, event: str, room: dict[str, Any], seq: int, **more: object) -> Any:
    payload = {"room_id": room["id"], "seq": seq, **more}
    answer = answered(lambda: client.call("/group", event, payload))
    assert "data" in answer, answer
    return answer["data"]


def push_of(client: Any, last_rev: int) -> dict[str, Any]:
    """Return the push that tells all members of changes up to a rev."""
    found: dict[str, Any] = client.pushed("messages_changed", last_rev=last_rev)
    return found


@pytest.mark.parametrize(
    ("event", "more", "changed"),
    [
        ("edit_message", {"data": "other"}, {"data": "other"}),
        ("delete_message", {}, {"data": ""}),
        ("pin_message", {"on": True}, {"pinned": True}),
        ("react", {"emoji": HEART, "on": True}, {}),
    ],
    ids=str,
)
def test_a_change_is_acked_and_pushed_to_every_member(
    people: People, event: str, more: dict[str, object], changed: dict[str, object]
) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    mine, others = ada.socket("/group"), bob.socket("/group")
    answered(lambda: mine.call("/group", "send_message", message(group)))
    acked = call(mine, event, group, 1, **more)
    assert acked["version"] == 1 and acked | changed == acked
    for client in (mine, others):
        push = push_of(client, 1)
        assert (push["room_id"], push["after_rev"]) == (group["id"], 0)
        (pushed,) = push["messages"]
        assert pushed == {name: acked[name] for name in acked if name != "own_reactions"}


def test_ones_own_sockets_hear_which_reactions_are_ones_own(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    mine, other, bobs = ada.socket("/group"), ada.socket("/group"), bob.socket("/group")
    answered(lambda: mine.call("/group", "send_message", message(group)))
    call(mine, "react", group, 1, emoji=HEART, on=True)
    push_of(other, 1)
    (own,) = [one for one in other.pushes("messages_changed") if one["last_rev"] == 0]
    assert own["messages"][0]["own_reactions"] == [HEART] and own["after_rev"] == 0
    push_of(bobs, 1)
    bobs.barrier("/group")
    heard = bobs.pushes("messages_changed")
    assert all("own_reactions" not in one for push in heard for one in push["messages"])


def test_whoever_comes_back_syncs_what_changed(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = ada.create_group(bob)
    mine = ada.socket("/group")
    for number in range(3):
        answered(lambda: mine.call("/group", "send_message", message(group, str(number))))
    page = bob.data("GET", f"/rooms/{group['id']}/messages")
    call(mine, "edit_message", group, 1, data="other")
    call(mine, "delete_message", group, 2)
    client = bob.socket("/group")
    payload = {"rooms": {group["id"]: 3}, "revs": {group["id"]: page["last_rev"]}}
    room = answered(lambda: client.call("/group", "sync", payload))["data"]["rooms"][group["id"]]
    assert room["messages"] == [] and not room["reset"]
    assert [(one["seq"], one["data"]) for one in room["changed"]] == [(1, "other"), (2, "")]
    assert room["last_rev"] == 2 and not room["has_more_changes"]
    old = answered(lambda: client.call("/group", "sync", {"rooms": {group["id"]: 3}}))
    assert set(old["data"]["rooms"][group["id"]]) == {
        *("messages", "has_more", "last_seq", "last_mention_seq", "reset")
    }
    payload["revs"] = {group["id"]: 99}
    room = answered(lambda: client.call("/group", "sync", payload))["data"]["rooms"][group["id"]]
    assert room["reset"]


def test_a_change_made_elsewhere_is_pushed_soon(
    spread: Pair, server: Server, elsewhere: Server
) -> None:
    here, there = spread("here", "there")
    group = there.create_group()
    there.add(group, here)
    there.post(group, "hello")
    client = here.socket("/group")
    watch = Stopwatch(server, elsewhere)
    edited = there.data("PATCH", f"/rooms/{group['id']}/messages/1", {"data": "other"})
    push = push_of(client, 1)
    assert push["messages"] == [edited]
    assert watch.seconds() < PUSHED_WITHIN


def test_changes_of_one_message_over_two_processes_have_no_gap(spread: Pair) -> None:
    here, there = spread("here", "there")
    group = there.create_group()
    there.add(group, here)
    there.post(group, "hello")
    clients = [here.socket("/group"), there.socket("/group")]
    for number in range(20):
        for client in clients:
            payload = {"room_id": group["id"], "seq": 1, "emoji": HEART, "on": number % 2 == 0}
            assert "data" in answered(lambda: client.call("/group", "react", payload))
    found = there.data("GET", f"/rooms/{group['id']}/changes?after_rev=0")
    assert found["last_rev"] == 40 and found["messages"][0]["version"] == 40
    assert found["messages"][0]["reactions"] == []
    for client in clients:
        push_of(client, 40)
