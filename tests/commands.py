"""The commands that MongoClients send."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from pymongo import MongoClient, monitoring


class Heard(monitoring.CommandListener):
    """Keeps the commands that are sent."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command:  # that of a log-in is left empty
            self.commands.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Say nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Say nothing."""

    @contextmanager
    def since_now(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the list of the commands that are sent within this block."""
        kept, self.commands = self.commands, []
        try:
            yield self.commands
        finally:
            self.commands = kept + self.commands


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """The commands of the clients that `Database` creates from now on."""
    found = Heard()
    listening = partial(MongoClient, event_listeners=[found])
    monkeypatch.setattr("chat.database.client.MongoClient", listening)
    return found
