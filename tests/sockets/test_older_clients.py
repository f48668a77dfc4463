"""A client from before messages could change goes on as it did, among others that change them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.sockets.conftest import Member, answered, message

People = Callable[..., list[Member]]

# What messages had then, and of which types.
KNOWN: dict[str, type] = {
    "id": str,
    "room_id": str,
    "user_id": str,
    "username": str,
    "seq": int,
    "client_id": str,
    "kind": str,
    "data": str,
    "created_at": int,
    "updated_at": int,
}
DONE: list[tuple[str, dict[str, object]]] = [
    ("edit_message", {"seq": 1, "data": "other"}),
    ("react", {"seq": 1, "emoji": "👍", "on": True}),
    ("pin_message", {"seq": 2, "on": True}),
    ("delete_message", {"seq": 3}),
]


def as_known(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return as much of messages as such a client reads."""
    for one in messages:
        assert all(type(one[name]) is kind for name, kind in KNOWN.items())
    return [{name: one[name] for name in KNOWN} for one in messages]


def test_a_client_that_knows_of_no_changes_sends_hears_and_catches_up(people: People) -> None:
    ada, bob = people("ada", "bob")
    group = bob.create_group(ada)
    old, new = ada.socket("/group"), bob.socket("/group")

    def say(text: str) -> dict[str, Any]:
        answer = answered(lambda: new.call("/group", "send_message", message(group, text)))
        found: dict[str, Any] = answer["data"]
        return found

    def change(event: str, more: dict[str, object]) -> None:
        payload = {"room_id": group["id"], **more}
        assert "data" in answered(lambda: new.call("/group", event, payload))

    sent = [say(text) for text in ("first", "second", "third")]
    for one in DONE:
        change(*one)
    sent.append(say("fourth"))
    old.pushed("message_created", seq=4)
    assert as_known(old.pushes("message_created")) == as_known(sent)
    old.close()
    for one in DONE[:3]:
        change(*one)
    missed = [say(text) for text in ("fifth", "sixth")]
    old = ada.socket("/group")
    answer = answered(lambda: old.call("/group", "sync", {"rooms": {group["id"]: 4}}))["data"]
    room = answer["rooms"][group["id"]]
    assert {"messages", "has_more", "last_seq", "reset"} <= set(room) and not room["reset"]
    assert as_known(room["messages"]) == as_known(missed)
    # Who loads anew sees what was said as it is now, each at its place.
    now = as_known(ada.data("GET", f"/rooms/{group['id']}/messages")["messages"])
    assert [one["data"] for one in now] == ["other", "second", "", "fourth", "fifth", "sixth"]
    assert [one["id"] for one in now] == [one["id"] for one in sent + missed]
    conversation = ada.data("GET", f"/rooms/{group['id']}")
    assert (conversation["last_seq"], conversation["unread"]) == (6, 6)
    acked = answered(lambda: old.call("/group", "send_message", message(group, "by an old one")))
    assert acked["data"]["seq"] == 7
