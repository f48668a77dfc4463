"""What is on the message queue: pushes, one by one or in pieces of several.

Of what arrives, only our own events for our channels pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from chat.models import Message
from chat.realtime.connections import NAMESPACES
from chat.realtime.publisher import EVENTS
from chat.schemas.messages import read_pushed
from chat.schemas.writing import Encoded, write_json

MAX_BYTES = 4 << 20  # of one push; a user in thousands of rooms has as many channels in it
PIECE_PUSHES = 128
PIECE_BYTES = 1 << 20  # a push that is larger is published alone
PUSHED = frozenset(EVENTS) - {"session_expired"}  # that one never goes through the queue
OF_A_USER = ("user_changed", "presence_changed")  # go to all rooms of the user
TO_A_USER = ("room_created", "room_settings_changed", "invitation_received")
TO_A_ROOM = ("room_updated", "room_deleted", "member_joined", "member_left", "user_typing")
NAMED_BY_ID = ("user_changed", "room_created", "room_updated", "invitation_received")
KNOWN_CHANNEL = re.compile(r"(?:room|user):([0-9a-f]{24})")


def write_pushes(host_id: str, pushes: Sequence[bytes]) -> bytes:
    """Return encoded pushes as they are published; a single one is published as it is.

    So programs, and processes of an older version, that know no pieces understand it.
    """
    if len(pushes) == 1:
        return pushes[0]
    return write_json({"host_id": host_id, "pushes": [Encoded(push) for push in pushes]})


def read_pushes(received: object) -> Iterable[dict[str, Any] | None]:
    """Return the pushes of what was published, with None for each that is not valid.

    A valid push is as python-socketio's manager handles it. The manager's other commands and events
    that ask for an ack are not valid. In a push of `message_created`, `message` is the parsed
    message.
    """
    if not isinstance(received, bytes) or len(received) > MAX_BYTES:
        return [None]
    try:
        read = orjson.loads(received)
    except ValueError:
        return [None]
    if isinstance(read, dict) and isinstance(read.get("pushes"), list):
        return map(_read_push, read["pushes"][:PIECE_PUSHES])
    return [_read_push(read)]


def _read_push(push: object) -> dict[str, Any] | None:
    if not isinstance(push, dict) or not _is_push(push):
        return None
    if push["event"] == "message_created":
        push["message"] = _read_message(push["data"][0])
        return push if push["message"] else None
    return push


def _is_push(push: dict[str, Any]) -> bool:
    data = push.get("data")
    if not isinstance(data, list) or len(data) != 1 or not isinstance(data[0], dict):
        return False
    return (
        push.get("method") == "emit"
        and push.get("namespace") in NAMESPACES.values()
        and isinstance(push.get("host_id"), str)
        and not push.get("binary")
        and push.get("callback") is None
        and _are_clients(push.get("skip_sid"))
        and isinstance(push.get("event"), str)
        and push["event"] in PUSHED
        and _fits(push["event"], data[0], push.get("room"))
    )


def _are_clients(skipped: object) -> bool:
    many = skipped if isinstance(skipped, list) else [skipped or ""]
    return all(isinstance(one, str) for one in many)


def _fits(event: str, payload: dict[str, Any], channels: object) -> bool:
    """Return whether all channels are ours and may receive this event and payload."""
    many = channels if isinstance(channels, list) else [channels]
    if not many or not all(isinstance(one, str) and KNOWN_CHANNEL.fullmatch(one) for one in many):
        return False
    if event in NAMED_BY_ID and not isinstance(payload.get("id"), str):
        return False
    if event == "messages_changed" and not _are_changes(payload):
        return False
    if event in OF_A_USER:
        return "room_id" not in payload
    if not isinstance(channels, str):  # all other events go to one channel
        return False
    if channels.startswith("user:"):
        return event not in TO_A_ROOM
    room_id = payload.get("id" if event == "room_updated" else "room_id")
    return event not in TO_A_USER and channels == f"room:{room_id}"


def _are_changes(payload: dict[str, Any]) -> bool:
    """Return whether a payload of changes has a valid range of revs. Its messages are not read."""
    after_rev, last_rev = payload.get("after_rev"), payload.get("last_rev")
    return type(after_rev) is int and type(last_rev) is int and 0 <= after_rev <= last_rev


def _read_message(payload: dict[str, Any]) -> Message | None:
    try:
        return read_pushed(payload)
    except (KeyError, TypeError):
        return None
