"""The validation of pushes that arrive on the message queue."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from chat.realtime.queued_pushes import MAX_BYTES, PIECE_PUSHES, read_pushes, write_pushes
from chat.schemas.messages import dump_message

ROOM, USER = "0123456789abcdef01234567", "fedcba9876543210fedcba98"
MESSAGE = {
    "id": "a" * 24,
    "room_id": ROOM,
    "user_id": USER,
    "username": "ann",
    "seq": 1,
    "client_id": "c",
    "kind": "text",
    "data": "hello",
    "created_at": 1,
    "updated_at": 1,
}
PUSH = {
    "method": "emit",
    "event": "message_created",
    "data": [MESSAGE],
    "binary": False,
    "namespace": "/group",
    "room": f"room:{ROOM}",
    "skip_sid": None,
    "callback": None,
    "host_id": "another",
}
CHANGED = {
    **PUSH,
    "event": "messages_changed",
    "data": [{"room_id": ROOM, "messages": [MESSAGE], "after_rev": 3, "last_rev": 4}],
}
TYPING = {**PUSH, "event": "user_typing", "data": [{"room_id": ROOM, "user_id": USER}]}


def read_push(received: Any) -> dict[str, Any] | None:
    """Return the only push of what was published, or None if it is not valid."""
    (push,) = read_pushes(received)
    return push


def sent(push: Any) -> bytes:
    return json.dumps(push).encode()


@pytest.mark.parametrize(
    "push",
    [
        PUSH,
        CHANGED,
        {**CHANGED, "room": f"user:{USER}"},
        TYPING,
        {**TYPING, "skip_sid": ["abc"]},
        {**PUSH, "data": [{**MESSAGE, "of_a_newer_version": True}]},
        {**PUSH, "event": "user_changed", "room": [f"user:{USER}", f"room:{ROOM}"]}
        | {"data": [{"id": USER}]},
        {**TYPING, "event": "presence_changed", "data": [{"user_id": USER, "online": True}]},
        {**TYPING, "event": "room_deleted", "data": [{"room_id": ROOM}]},
    ],
)
def test_our_own_pushes_are_accepted(push: dict[str, Any]) -> None:
    found = read_push(sent(push))
    assert found is not None
    message = found.pop("message", None)
    assert found == push
    assert (message is not None) == (push["event"] == "message_created")


def test_the_message_is_parsed_from_the_payload_alone() -> None:
    found = read_push(sent({**PUSH, "message": {"seq": 7}}))
    assert found is not None
    assert MESSAGE.items() <= dump_message(found["message"]).items()


@pytest.mark.parametrize("method", ["enter_room", "leave_room", "close_room", "disconnect"])
def test_commands_to_clients_are_dropped(method: str) -> None:
    command = {"method": method, "sid": "abc", "room": f"room:{ROOM}", "namespace": "/group"}
    assert read_push(sent({**command, "host_id": "another"})) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "callback"},
        {"method": ["emit"]},
        {"event": "another_event"},
        {"event": "session_expired"},
        {"event": ["message_created"]},
        {"event": "connect"},
        {"namespace": "/"},
        {"namespace": None},
        {"room": None},  # to all clients
        {"room": "a client's own channel"},
        {"room": "room:"},
        {"room": "room:*"},
        {"room": []},
        {"room": [f"room:{ROOM}", None]},
        {"room": f"room:{USER}"},  # not the room of the message
        {"room": [f"room:{USER}"]},
        {"room": [f"room:{ROOM}", f"room:{USER}"]},
        {"room": [f"user:{USER}"]},
        {"callback": ["room", "/group", 1]},
        {"binary": True},
        {"skip_sid": {"a": 1}},
        {"skip_sid": [1]},
        {"host_id": None},
        {"data": []},
        {"data": [MESSAGE, MESSAGE]},
        {"data": "hello"},
        {"data": [{**MESSAGE, "seq": "1"}]},
        {"data": [{**MESSAGE, "data": None}]},
        {"data": [{"room_id": ROOM}]},
        {"event": "messages_changed"},
        {**CHANGED, "room": f"room:{USER}"},
        {**CHANGED, "data": [{"room_id": ROOM, "messages": [], "after_rev": 4, "last_rev": 3}]},
        {**CHANGED, "data": [{"room_id": ROOM, "messages": [], "after_rev": -1, "last_rev": 3}]},
        {**CHANGED, "data": [{"room_id": ROOM, "messages": [], "after_rev": "1", "last_rev": 3}]},
        {"event": "user_changed", "data": [{}]},
        {"event": "room_deleted", "room": f"user:{USER}", "data": [{"room_id": ROOM}]},
        {"event": "user_typing", "room": [f"room:{USER}"]},
        {"event": "member_left", "room": [f"room:{USER}"], "data": [{"room_id": ROOM}]},
        {"event": "room_updated", "room": f"room:{USER}", "data": [{"id": ROOM}]},
        {"event": "room_updated", "room": [f"room:{ROOM}"], "data": [{"id": ROOM}]},
        {"event": "room_created", "room": f"room:{ROOM}", "data": [{"id": ROOM}]},
        {"event": "invitation_received", "room": [f"user:{USER}"], "data": [{"id": ROOM}]},
        {"event": "user_changed", "data": [{"id": USER, "room_id": ROOM}]},
    ],
    ids=str,
)
def test_any_other_push_is_dropped(wrong: dict[str, Any]) -> None:
    assert read_push(sent({**PUSH, **wrong})) is None


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b"{",
        b"[" * 100_000,
        sent({**TYPING, "data": [{"room_id": ROOM, "at": float("nan")}]}),
        pickle.dumps(PUSH),
        sent(PUSH).decode(),
        1,  # Redis sends the number of subscriptions
        sent({**TYPING, "data": [{"room_id": ROOM, "text": "x" * MAX_BYTES}]}),
    ],
    ids=lambda received: repr(received)[:20],
)
def test_unparsable_data_is_dropped(received: object) -> None:
    assert read_push(received) is None


def test_a_single_push_is_published_as_python_socketio_publishes_it() -> None:
    assert json.loads(write_pushes("another", [sent(TYPING)])) == TYPING


def test_a_piece_has_its_pushes_in_order_and_the_host_first() -> None:
    published = write_pushes("another", [sent(TYPING), sent(CHANGED)])
    assert published.startswith(b'{"host_id":"another",')
    assert list(read_pushes(published)) == [TYPING, CHANGED]


def test_what_is_not_valid_in_a_piece_is_dropped_alone() -> None:
    wrong = [sent({**TYPING, "event": "another_event"}), b"null", b"[]", b"7"]
    wrong.append(write_pushes("another", [sent(TYPING), sent(TYPING)]))
    found = list(read_pushes(write_pushes("another", [sent(TYPING), *wrong, sent(CHANGED)])))
    assert found == [TYPING, *[None] * len(wrong), CHANGED]


def test_of_a_piece_with_too_many_pushes_the_rest_is_dropped() -> None:
    pushes = [sent(TYPING)] * (PIECE_PUSHES + 1)
    assert list(read_pushes(write_pushes("another", pushes))) == [TYPING] * PIECE_PUSHES


@pytest.mark.parametrize("pushes", [b"null", b"{}", b"7", b'"text"'])
def test_a_piece_that_is_no_list_is_dropped(pushes: bytes) -> None:
    assert read_push(b'{"host_id":"another","pushes":' + pushes + b"}") is None
