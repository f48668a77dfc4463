"""Who is online: whoever has an accepted connection. Pushed on change, never stored."""

from __future__ import annotations

import logging
import threading
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
        self._lock = threading.Lock()

    def came(self, user_id: str, rooms: Collection[Room]) -> None:
        """Hear that a connection of the user was accepted, and of all rooms they belong to."""
        with self._lock:
            self._leaving.pop(user_id, None)
        if user_id not in self._said_online:
            self._said_online.add(user_id)
            self._publisher.presence_changed(user_id, True, rooms)

    def left(self, user_id: str) -> None:
        """Hear that a connection of the user ended."""
        if user_id not in self._said_online or self._connections.is_online(user_id):
            return
        with self._lock:
            self._leaving.setdefault(user_id, time.monotonic() + GRACE)
            start, self._watching = not self._watching, True
        if start:
            spawn(self._watch_leaving)

    def _watch_leaving(self) -> None:
        while leaving := self._next_leaving():
            user_id, due = leaving
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            with self._lock:
                if self._leaving.get(user_id) != due:  # they came back, and may have left again
                    continue
                del self._leaving[user_id]
            self._try_to_say_left(user_id)

    def _next_leaving(self) -> tuple[str, float] | None:
        """Return who is the next to have been away long enough; without any, the watch is over."""
        with self._lock:
            leaving = next(iter(self._leaving.items()), None)
            self._watching = leaving is not None
            return leaving

    def _try_to_say_left(self, user_id: str) -> None:
        """Say that somebody left, or try again later when the database does not answer."""
        try:
            self._say_left(user_id)
        except Exception as error:
            if is_outage(error):
                self.left(user_id)
            else:
                log.exception("could not say who left")

    def _say_left(self, user_id: str) -> None:
        """Ask for the rooms, one person after the other: many may leave at once."""
        if self._connections.is_online(user_id):
            return
        rooms = list(self._rooms_of(user_id))
        # They may have come back while the database was asked, and left again.
        if self._connections.is_online(user_id) or user_id in self._leaving:
            return
        self._said_online.discard(user_id)
        self._publisher.presence_changed(user_id, False, rooms)
