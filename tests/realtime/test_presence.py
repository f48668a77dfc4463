"""Who is online is said when it changes, whatever the database does meanwhile."""

from __future__ import annotations

import queue
from collections.abc import Collection
from typing import Any

import pytest

from chat.models import Room, User
from chat.realtime import presence
from chat.realtime.connections import Connection, Connections
from chat.realtime.presence import Presence


class Said:
    """Stands where the publisher is and keeps what was said."""

    def __init__(self) -> None:
        self.said: queue.Queue[tuple[str, bool]] = queue.Queue()

    def presence_changed(self, user_id: str, online: bool, rooms: Collection[Room]) -> None:
        self.said.put((user_id, online))


def test_leaving_is_said_again_after_the_database_was_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence, "GRACE", 0.05)
    asked: queue.Queue[str] = queue.Queue()
    away = True

    def rooms_of(user_id: str) -> list[Room]:
        asked.put(user_id)
        if away:
            raise ConnectionError("away")
        return []

    connections, publisher = Connections(), Said()
    here = Presence(connections, publisher, rooms_of)  # type: ignore[arg-type]

    def come_and_go(user_id: str) -> None:
        user = User(user_id, user_id, "", 0, "", "", None, 0, 0)
        connection = Connection(user_id, user_id, "/group", user, "session", 0, None)
        connection.pending = False
        connections.add(connection)
        here.came(user_id, [])
        connections.remove(user_id)
        here.left(user_id)

    for user_id in ("ada", "bob"):
        come_and_go(user_id)
    for _ in range(2):  # each of them left
        asked.get(timeout=5)
    away = False
    come_and_go("eve")
    heard: list[Any] = []
    while ("eve", False) not in heard:
        heard.append(publisher.said.get(timeout=5))
