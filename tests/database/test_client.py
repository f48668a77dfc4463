"""The time limits that a MongoClient sends with its commands."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from pymongo import MongoClient, monitoring

from chat.database.client import TIMEOUT_MS, Database, time_limit


class Heard(monitoring.CommandListener):
    """Keeps the commands that are sent."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.commands.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Say nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Say nothing."""


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """The commands of clients created from now on."""
    found = Heard()
    heard = partial(MongoClient, event_listeners=[found])
    monkeypatch.setattr("chat.database.client.MongoClient", heard)
    return found


def test_the_database_ends_a_query_after_its_time_limit(heard: Heard, database: Database) -> None:
    database.db["user"].find_one({})
    with time_limit(1):
        list(database.db["user"].find({}))
    whole, short = [one["maxTimeMS"] for one in heard.commands if "find" in one]
    assert TIMEOUT_MS / 2 < whole <= TIMEOUT_MS
    assert 0 < short <= 1_000
