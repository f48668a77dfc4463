"""Keeps the changed messages that a client receives: the copy with the greatest version of each."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from harness.clients import Client

CHANGED = re.compile(rb'42/[a-z]+,\["messages_changed",')
REMEMBERED = 64  # packets; hundreds of clients receive the same one


class Copies:
    """The changed messages of a room that a client received, and the number of pushes."""

    def __init__(self, client: Client, room_id: str) -> None:
        self.pushes = 0
        self._room_id = room_id
        self._messages: dict[int, dict[str, Any]] = {}
        client.on_event = self._take

    def find(self, seq: int) -> dict[str, Any] | None:
        """Return the newest copy of a message, or None before its first change arrives."""
        return self._messages.get(seq)

    def _take(self, packet: bytes) -> None:
        if not CHANGED.match(packet):
            return
        changes = _read(packet)
        if changes["room_id"] != self._room_id:
            return
        self.pushes += 1
        for message in changes["messages"]:
            kept = self._messages.get(message["seq"])
            if kept is None or message["version"] > kept["version"]:
                self._messages[message["seq"]] = message


@lru_cache(REMEMBERED)
def _read(packet: bytes) -> dict[str, Any]:
    """Return the changes in a packet. The result is cached: do not modify it."""
    _, changes = json.loads(packet[packet.index(b"[") :])
    found: dict[str, Any] = changes
    return found
