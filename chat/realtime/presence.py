"""Who is online: whoever has an accepted connection. Pushed on change, never stored."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable

from chat.concurrency import spawn
from chat.models import Room
from chat.realtime.connections import Connections
from chat.realtime.publisher import Publisher
from chat.repositories.outages import is_outage

log = logging.getLogger(__name__)

GRACE = 2.0  # seconds without a connection until somebody is away: reloading a page is not leaving


class Presence:
    """Compares who is online with what was last said of them."""

    def __init__(
        self,
        connections: Connections,
        publisher: Publisher,
        rooms_of: Callable[[str], Iterable[Room]],
    ) -> None:
        self._connections = connections
        self._publisher = publisher
        self._rooms_of = rooms_of
        self._said_online: set[str] = set()
        self._watching = False
        self._leaving: dict[str, float] = {}  # when each of them will have been away long enough

    def came(self, user_id: str, rooms: Collection[Room]) -> None:
        """Hear that a connection of the user was accepted, and of all rooms they belong to."""
        if user_id not in self._said_online:
            self._said_online.add(user_id)
            self._publisher.presence_changed(user_id, True, rooms)

    def left(self, user_id: str) -> None:
        """Hear that a connection of the user ended."""
        if user_id not in self._said_online or self._connections.is_online(user_id):
            return
        self._leaving.setdefault(user_id, time.monotonic() + GRACE)
        if not self._watching:
            self._watching = True
            spawn(self._watch_leaving)

    def _watch_leaving(self) -> None:
        while self._leaving:
            user_id, due = next(iter(self._leaving.items()))
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self._leaving.pop(user_id, None)
            try:
                self._say_left(user_id)
            except Exception as error:
                if not is_outage(error):
                    log.exception("could not say who left")
        self._watching = False

    def _say_left(self, user_id: str) -> None:
        """Ask for the rooms, one person after the other: many may leave at once."""
        if self._connections.is_online(user_id):
            return
        self._said_online.discard(user_id)
        rooms = list(self._rooms_of(user_id))
        if user_id not in self._said_online:  # or they came back while the database was asked
            self._publisher.presence_changed(user_id, False, rooms)
