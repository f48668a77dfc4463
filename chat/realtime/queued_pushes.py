"""What may arrive on the queue: our own events, for channels that we know."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from chat.realtime.connections import NAMESPACES
from chat.realtime.publisher import EVENTS
from chat.schemas.messages import read_pushed

MAX_BYTES = 4 << 20  # of one push; most of it the channels of somebody who is in thousands of rooms
PUSHED = frozenset(EVENTS) - {"session_expired"}  # which each process tells its own clients alone
KNOWN_CHANNEL = re.compile(r"(?:room|user):([0-9a-f]{24})")


def read_push(received: object) -> dict[str, Any] | None:
    """Return a push as python-socketio's manager handles it, or None for anything else.

    The commands of that manager are not pushes, nor is an event that asks for an answer.
    """
    if not isinstance(received, bytes) or len(received) > MAX_BYTES:
        return None
    try:
        push = json.loads(received, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return push if isinstance(push, dict) and _is_push(push) else None


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
    """Tell whether channels are ours and the payload is one that they may hear."""
    many = channels if isinstance(channels, list) else [channels]
    if not many or not all(isinstance(one, str) and KNOWN_CHANNEL.fullmatch(one) for one in many):
        return False
    if isinstance(channels, str) and channels.startswith("room:") and "room_id" in payload:
        if channels != f"room:{payload['room_id']}":
            return False
    if event in ("user_changed", "invitation_received"):
        return isinstance(payload.get("id"), str)
    if event == "room_deleted":
        return channels == f"room:{payload.get('room_id')}"
    if event == "message_created":
        return _is_message(payload)
    return True


def _is_message(payload: dict[str, Any]) -> bool:
    try:
        read_pushed(payload)
    except (KeyError, TypeError):
        return False
    return True


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON
