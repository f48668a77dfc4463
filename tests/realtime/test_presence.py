"""Who is online is said when it changes, whatever the database does meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from chat.models import Room, User
from chat.realtime import presence
from chat.realtime.connections import Connection, Connections
from chat.realtime.presence import Presence


class Hall:
    """People who come and go, on a clock that moves when the watcher sleeps or is asked to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.said: list[tuple[float, str, bool]] = []
        self.meanwhile: dict[float, Callable[[], None]] = {}  # what happens at which time
        self.rooms_of: Callable[[str], list[Room]] = lambda user_id: []
        self._started: list[Callable[[], None]] = []
        clock = SimpleNamespace(monotonic=lambda: self.now, sleep=self._sleep)
        monkeypatch.setattr(presence, "time", clock)
        monkeypatch.setattr(presence, "spawn", self._started.append)
        self._connections = Connections()
        publisher: Any = self
        self._presence = Presence(
            self._connections, publisher, lambda user_id: self.rooms_of(user_id)
        )

    def presence_changed(self, user_id: str, online: bool, rooms: Collection[Room]) -> None:
        self.said.append((self.now, user_id, online))

    def come(self, user_id: str) -> None:
        user = User(user_id, user_id, "", 0, "", "", None, 0, 0)
        connection = Connection(user_id, user_id, "/group", user, "session", 0, None)
        connection.pending = False
        self._connections.add(connection)
        self._presence.came(user_id, [])

    def go(self, user_id: str) -> None:
        self._connections.remove(user_id)
        self._presence.left(user_id)

    def watch(self) -> None:
        """Let the watcher do all it has to."""
        while self._started:
            self._started.pop()()

    def _sleep(self, seconds: float) -> None:
        ends = self.now + seconds
        for moment in sorted(self.meanwhile):
            if moment <= ends:
                self.now = max(self.now, moment)
                self.meanwhile.pop(moment)()
        self.now = ends


@pytest.fixture
def hall(monkeypatch: pytest.MonkeyPatch) -> Hall:
    return Hall(monkeypatch)


def test_who_reloads_a_page_twice_has_the_whole_grace_each_time(hall: Hall) -> None:
    hall.come("ada")
    hall.go("ada")
    hall.meanwhile = {
        100.5: lambda: hall.come("ada"),
        101.5: lambda: hall.go("ada"),
        103.0: lambda: hall.come("ada"),
    }
    hall.watch()
    assert hall.said == [(100.0, "ada", True)]


def test_who_stays_away_is_said_to_have_left_once_the_grace_is_over(hall: Hall) -> None:
    hall.come("ada")
    hall.go("ada")
    hall.meanwhile = {100.5: lambda: hall.come("ada"), 101.5: lambda: hall.go("ada")}
    hall.watch()
    assert hall.said == [(100.0, "ada", True), (103.5, "ada", False)]


def test_who_comes_back_and_leaves_while_the_database_is_asked_is_away_later(hall: Hall) -> None:
    def rooms_of(user_id: str) -> list[Room]:
        hall.rooms_of = lambda user_id: []
        hall.come(user_id)
        hall.go(user_id)
        return []

    hall.rooms_of = rooms_of
    hall.come("ada")
    hall.go("ada")
    hall.watch()
    assert hall.said == [(100.0, "ada", True), (104.0, "ada", False)]


def test_who_left_while_the_database_was_away_is_said_so_later(hall: Hall) -> None:
    asked = []

    def rooms_of(user_id: str) -> list[Room]:
        asked.append(user_id)
        if len(asked) < 4:
            raise AutoReconnect("away")
        return []

    hall.rooms_of = rooms_of
    for user_id in ("ada", "bob"):
        hall.come(user_id)
        hall.go(user_id)
    hall.watch()
    left = [(moment, user_id) for moment, user_id, online in hall.said if not online]
    assert left == [(104.0, "bob"), (106.0, "ada")]


def test_an_error_that_nobody_foresaw_does_not_end_the_watch(hall: Hall) -> None:
    def rooms_of(user_id: str) -> list[Room]:
        if user_id == "ada":
            raise RuntimeError("unforeseen")
        return []

    hall.rooms_of = rooms_of
    for user_id in ("ada", "bob"):
        hall.come(user_id)
        hall.go(user_id)
    hall.watch()
    assert (102.0, "bob", False) in hall.said
