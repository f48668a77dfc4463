"""Who gets what over sockets: every event for every kind of caller.

A new event fails here until it has a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from flask import Flask

from harness.people import UNKNOWN_ID, new_client_id
from harness.servers import Server
from tests.figures import Figures
from tests.security.callers import CALLERS, WITHOUT_TOKEN, Cast, count_cells, row
from tests.sockets.conftest import ask_while
from tests.sockets.test_events import EVENTS
from tests.wire import Closed, WireClient

ONE_WAY = (" leave_room", " delete_message")
NO_ROOM = ("authenticate", "create_room", "join_room")
NO = "unauthorized unauthorized unauthorized "  # who has no good token is not even connected
ALL = row(NO + "ok ok ok ok ok")
MEMBERS = row(NO + "not_found not_found ok ok ok")
NOBODY = row(NO + "not_found not_found not_found not_found not_found")

# Each with a group; `/direct` knows no groups. `sync` tells whom it does not concern: gone.
TABLE = {
    "/group send_message": MEMBERS,
    "/group sync": row(NO + "gone gone ok ok ok"),
    # of the owner's message
    "/group edit_message": row(NO + "not_found not_found forbidden forbidden ok"),
    "/group delete_message": row(NO + "not_found not_found forbidden ok ok"),
    "/group react": MEMBERS,
    "/group pin_message": row(NO + "not_found not_found forbidden ok ok"),
    "/group mark_read": MEMBERS,
    "/group typing": MEMBERS,
    "/group authenticate": ALL,
    "/group create_room": ALL,
    "/group join_room": row(NO + "ok forbidden ok ok ok"),  # who was removed stays out
    "/group leave_room": row(NO + "not_found not_found ok ok conflict"),
    "/direct send_message": NOBODY,
    "/direct sync": row(NO + "gone gone gone gone gone"),
    "/direct edit_message": NOBODY,
    "/direct delete_message": NOBODY,
    "/direct react": NOBODY,
    "/direct pin_message": NOBODY,
    "/direct mark_read": NOBODY,
    "/direct typing": NOBODY,
    "/direct authenticate": ALL,
}
# With a room of two: a stranger, one of the two
DIRECT = {
    "/direct send_message": ("not_found", "ok"),
    "/direct sync": ("gone", "ok"),
    # of the message of the one of the two
    "/direct edit_message": ("not_found", "ok"),
    "/direct delete_message": ("not_found", "ok"),
    "/direct react": ("not_found", "ok"),
    "/direct pin_message": ("not_found", "ok"),
    "/direct mark_read": ("not_found", "ok"),
    "/direct typing": ("not_found", "ok"),
    "/group send_message": ("not_found", "not_found"),
    "/group sync": ("gone", "gone"),
    "/group edit_message": ("not_found", "not_found"),
    "/group delete_message": ("not_found", "not_found"),
    "/group react": ("not_found", "not_found"),
    "/group pin_message": ("not_found", "not_found"),
    "/group mark_read": ("not_found", "not_found"),
    "/group typing": ("not_found", "not_found"),
    "/group leave_room": ("not_found", "not_found"),
}

# The group is closed to the number, and only its owner and admins post.
CLOSED = {
    "/group join_room": row(NO + "not_found not_found ok ok ok"),
    "/group send_message": row(NO + "not_found not_found forbidden ok ok"),
    "/group typing": row(NO + "not_found not_found forbidden ok ok"),
    "/group react": MEMBERS,
    "/group mark_read": MEMBERS,
}
# In a room of two of whom one blocks the other: the blocked one, the blocker
BLOCKED = {
    "/direct send_message": ("forbidden", "forbidden"),
    "/direct sync": ("ok", "ok"),
    # of the message of the blocked one
    "/direct edit_message": ("forbidden", "forbidden"),
    "/direct react": ("forbidden", "forbidden"),
    "/direct pin_message": ("forbidden", "forbidden"),
    "/direct delete_message": ("ok", "forbidden"),
    "/direct mark_read": ("ok", "ok"),
    "/direct typing": ("ok", "ok"),
}
# What is done to the member's message: it is theirs, and managers delete and pin it
MEMBERS_MESSAGE = {
    "/group edit_message": row(NO + "not_found not_found ok forbidden forbidden"),
    "/group delete_message": row(NO + "not_found not_found ok ok ok"),
    "/group react": MEMBERS,
    "/group pin_message": row(NO + "not_found not_found forbidden ok ok"),
}


class Stage(Cast):
    """The cast, each with a connection to both namespaces, or to none without a good token."""

    def __init__(self, app: Flask, server: Server, stack: ExitStack) -> None:
        super().__init__(app)
        self._server, self._stack = server, stack
        self.shared = self.group()
        self.open = self.group()
        self.direct = self["owner"].talk_to(self["peer"])
        self.seq = 1  # of the message that something is done to
        self.clients: dict[str, WireClient] = {}
        self.greetings: dict[str, dict[str, Any]] = {}
        for caller in (*CALLERS, "peer", "target"):
            self.connect(caller)
        self.wait_until_known(self.shared["id"])

    def connect(self, caller: str) -> WireClient:
        """Connect as somebody, to both namespaces as far as they are let in."""
        client = WireClient(self._server.url, {"Accept-Language": "en"})
        self._stack.callback(client.close)
        for namespace in ("/direct", "/group"):
            self.greetings[caller] = client.connect(namespace, self.token(caller))
        self.clients[caller] = client
        return client

    def wait_until_known(self, room_id: object) -> None:
        """Wait until the server knows who is in a group.

        It may have read the members while the group was made beside it.
        """
        ask_while(
            lambda answer: "data" in answer, lambda: self.call("/group typing", "former", room_id)
        )

    def payload(self, event: str, caller: str, room_id: object) -> dict[str, Any]:
        """Return a good payload for the room."""
        payloads: dict[str, dict[str, Any]] = {
            "send_message": {"room_id": room_id, "client_id": new_client_id(), "data": "me"},
            "sync": {"rooms": {room_id: 0}, "revs": {room_id: 0}},
            "edit_message": {"room_id": room_id, "seq": self.seq, "data": "other"},
            "delete_message": {"room_id": room_id, "seq": self.seq},
            "react": {"room_id": room_id, "seq": self.seq, "emoji": "👍", "on": True},
            "pin_message": {"room_id": room_id, "seq": self.seq, "on": True},
            "mark_read": {"room_id": room_id, "seq": 0},
            "typing": {"room_id": room_id},
            "authenticate": {"token": self.token(caller)},
            "create_room": {"name": "Mine"},
            "join_room": {"number": self.open["number"]},
            "leave_room": {"room_id": room_id},
        }
        return payloads[event]

    def call(self, where: str, caller: str, room_id: object) -> dict[str, Any]:
        """Send an event as somebody and return its ack."""
        namespace, event = where.split(" ")
        payload = self.payload(event, caller, room_id)
        try:
            return self.clients[caller].call(namespace, event, payload)
        except Closed:  # who is in no namespace is sent away after ten seconds
            assert caller in WITHOUT_TOKEN
            return self.connect(caller).call(namespace, event, payload)


def outcome(answer: dict[str, Any], where: str, room_id: object) -> str:
    """Return what became of a call, in the words of the tables."""
    assert set(answer) in ({"data"}, {"error"})
    if "error" in answer:
        return str(answer["error"]["code"])
    if where.endswith(" sync") and room_id in answer["data"]["gone"]:
        return "gone"
    return "ok"


@pytest.fixture(scope="module")
def stage(server: Server, beside: Flask) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(beside, server, stack)


def test_every_event_has_its_row(figures: Figures) -> None:
    assert {f"{namespace} {event}" for namespace, event in EVENTS} == set(TABLE)
    with_room = {where for where in TABLE if where.split(" ")[1] not in NO_ROOM}
    assert with_room == set(DIRECT)
    checks = count_cells(TABLE, DIRECT, CLOSED, BLOCKED, MEMBERS_MESSAGE)
    figures.add("who gets what over sockets", events=len(TABLE), checks=checks)


def test_who_has_no_good_token_is_not_let_in(stage: Stage) -> None:
    refusals = {caller: stage.greetings[caller]["message"] for caller in WITHOUT_TOKEN}
    assert refusals == {
        "anonymous": "unauthorized",
        "expired": "token_expired",
        "forged": "unauthorized",
    }


@pytest.mark.parametrize("where", TABLE)
def test_everyone_gets_what_the_table_says(stage: Stage, where: str) -> None:
    for caller, expected in TABLE[where].items():
        room = stage.group() if where.endswith(ONE_WAY) else stage.shared
        answer = stage.call(where, caller, room["id"])
        assert outcome(answer, where, room["id"]) == expected, (caller, answer)


@pytest.mark.parametrize("where", CLOSED)
def test_a_closed_group_keeps_out_whoever_has_no_invitation(
    stage: Stage, server: Server, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    closed = stage.group()
    settings = {"access": "invitation", "posting": "admins"}
    url = f"{server.url}/api/rooms/{closed['id']}"
    headers = stage["owner"].headers
    assert requests.patch(url, json=settings, headers=headers, timeout=60).ok
    monkeypatch.setattr(stage, "open", closed)
    for caller, expected in CLOSED[where].items():
        answer = stage.call(where, caller, closed["id"])
        assert outcome(answer, where, closed["id"]) == expected, (caller, answer)


@pytest.mark.parametrize("where", DIRECT)
def test_a_room_of_two_is_theirs_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    room_id = stage.direct["id"]
    monkeypatch.setattr(stage, "seq", stage["peer"].say(stage.direct, "between us")["seq"])
    for caller, expected in zip(("stranger", "peer"), DIRECT[where], strict=True):
        answer = stage.call(where, caller, room_id)
        assert outcome(answer, where, room_id) == expected, (caller, answer)


@pytest.mark.parametrize("where", BLOCKED)
def test_across_a_block_both_read_and_neither_writes(
    stage: Stage, server: Server, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    room = stage["peer"].talk_to(stage["target"])
    monkeypatch.setattr(stage, "seq", stage["peer"].say(room, "between us")["seq"])
    url = f"{server.url}/api/users/me/blocks/{stage['peer'].id}"
    headers = stage["target"].headers
    assert requests.put(url, headers=headers, timeout=60).ok
    try:
        for caller, expected in zip(("peer", "target"), BLOCKED[where], strict=True):
            answer = stage.call(where, caller, room["id"])
            assert outcome(answer, where, room["id"]) == expected, (caller, answer)
    finally:
        assert requests.delete(url, headers=headers, timeout=60).ok


@pytest.mark.parametrize("where", MEMBERS_MESSAGE)
def test_what_a_member_said_is_changed_by_them_and_deleted_by_managers(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    room = stage.group()
    stage.wait_until_known(room["id"])
    monkeypatch.setattr(stage, "seq", stage["member"].say(room, "mine")["seq"])
    for caller, expected in MEMBERS_MESSAGE[where].items():
        answer = stage.call(where, caller, room["id"])
        assert outcome(answer, where, room["id"]) == expected, (caller, answer)


@pytest.mark.parametrize("where", DIRECT)
def test_no_access_looks_like_nothing_there(stage: Stage, where: str) -> None:
    for caller in ("stranger", "former"):
        nothing = stage.call(where, caller, UNKNOWN_ID)
        for room in (stage.shared, stage.direct):
            seen = stage.call(where, caller, room["id"])
            if where.endswith(" sync"):
                assert seen["data"].pop("gone") == [room["id"]]
                seen["data"]["gone"] = [UNKNOWN_ID]
            assert seen == nothing, caller


def test_token_of_another_is_not_taken(stage: Stage) -> None:
    for namespace in ("/direct", "/group"):
        for token in ("expired", "forged", "stranger"):
            payload = {"token": stage.token(token)}
            answer = stage.clients["owner"].call(namespace, "authenticate", payload)
            code = "token_expired" if token == "expired" else "unauthorized"
            assert answer["error"]["code"] == code


def test_the_refused_hear_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for caller in WITHOUT_TOKEN:
        stage.connect(caller)
    rooms = {"/group": stage.shared["id"], "/direct": stage.direct["id"]}
    for namespace, room_id in rooms.items():  # all that they cause is sent before their acks
        sent = stage.call(f"{namespace} send_message", "owner", room_id)["data"]
        monkeypatch.setattr(stage, "seq", sent["seq"])
        assert "data" in stage.call(f"{namespace} typing", "owner", room_id)
        assert "data" in stage.call(f"{namespace} react", "owner", room_id)
    for caller in WITHOUT_TOKEN:
        client = stage.clients[caller]
        client.barrier("/group")
        assert {entry[0] for entry in client.received} == {client.CONNECT_ERROR, client.ACK}
    for caller in ("stranger", "former"):
        client = stage.clients[caller]
        client.barrier("/group")
        for event in ("message_created", "messages_changed", "user_typing"):
            heard = {push["room_id"] for push in client.pushes(event)}
            assert not heard & set(rooms.values()), caller
