"""Computes the expected state of a message by replaying its entries in the log of changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chat.models import Change, Message


def play(data: str, entries: Iterable[Change]) -> dict[str, Any]:
    """Return the registers of a message with a first text after replaying its entries in order."""
    pinned, deleted, on = False, False, dict[tuple[str, str], int]()
    for entry in entries:
        if deleted:
            continue
        if entry.kind == "text":
            data = str(entry.value)
        elif entry.kind == "pinned":
            pinned = bool(entry.value)
        elif entry.kind == "deleted":
            data, pinned, deleted, on = "", False, True, {}
        elif entry.value:
            on[entry.emoji, entry.user_id] = entry.rev
        else:
            on.pop((entry.emoji, entry.user_id), None)
    return {"data": data, "pinned": pinned, "deleted": deleted, "reactions": on}


def registers(message: Message) -> dict[str, Any]:
    """Return the registers of a stored message."""
    return {
        "data": message.data,
        "pinned": message.pinned,
        "deleted": message.deleted,
        "reactions": {(one.emoji, one.user_id): one.rev for one in message.reactions},
    }
