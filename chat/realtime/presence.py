"""People are online while any process has an accepted connection of theirs. Changes are pushed.

Each process writes down who is connected to it, reads once a second what the others wrote, and
tells its own clients.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from chat.concurrency import cooperatively
from chat.models import Room, RoomKind
from chat.realtime.connections import Connections
from chat.realtime.others_presence import OthersPresence
from chat.realtime.own_presence import OwnPresence
from chat.realtime.publisher import Publisher
from chat.repositories.outages import is_outage

INTERVAL = 1.0  # seconds between two looks
GRACE = 2.0  # seconds without a connection until somebody is away: reloading a page is not leaving
REST = 3.0  # Pause as often as long as a look took, so that people are served first,
MAX_REST = 2.0  # but not for more than so many seconds.
MAX_USERS_PER_QUERY = 100  # people whose rooms are asked for together, at most

log = logging.getLogger(__name__)


class Presence:
    """Compares who is online with what the clients of this process were told.

    `heard` returns the rooms that somebody here hears and whose members see each other, with their
    kinds; `rooms_of` in which rooms each of some users is.
    """

    def __init__(
        self,
        *,
        connections: Connections,
        publisher: Publisher,
        own: OwnPresence,
        others: OthersPresence,
        heard: Callable[[], Mapping[str, RoomKind]],
        rooms_of: Callable[[Collection[str]], Mapping[str, Collection[str]]],
    ) -> None:
        self._connections = connections
        self._publisher = publisher
        self._own = own
        self._others = others
        self._heard = heard
        self._rooms_of = rooms_of
        self._published: set[str] = set()  # who is online, as clients here were told
        # Users whose state may have changed, in the order in which they are looked at.
        self._changed: dict[str, None] = {}
        self._users_per_query = MAX_USERS_PER_QUERY
        self._leaving: dict[str, float] = {}  # when each of them will have been away long enough
        self._stopped = threading.Event()

    def connected(self, user_id: str, rooms: Iterable[Room]) -> None:
        """Hear that a connection of the user was accepted, and of all rooms they belong to."""
        self._leaving.pop(user_id, None)
        if user_id not in self._own:
            self._own.add_user(user_id)
        if user_id not in self._published:
            self._published.add(user_id)
            kinds = {room.id: room.kind for room in rooms if not room.blocked_by}
            self._publisher.presence_changed(user_id, True, kinds)

    def block_changed(self, room: Room) -> None:
        """Hide the two of a direct room from each other while one blocks the other.

        Those who share another room see each other there all the time.
        """
        rooms = self._rooms_of(room.member_ids)
        if set.intersection(*(set(rooms.get(one, ())) for one in room.member_ids)) - {room.id}:
            return
        for user_id in room.member_ids:
            online = self.is_online(user_id) and not room.blocked_by
            self._publisher.presence_changed(user_id, online, {room.id: room.kind})

    def disconnected(self, user_id: str) -> None:
        """Hear that a connection of the user ended."""
        if user_id in self._own and not self._connections.is_online(user_id):
            self._leaving.setdefault(user_id, time.monotonic() + GRACE)

    def is_online(self, user_id: str) -> bool:
        """Tell whether somebody is online, here or at any other process."""
        return user_id in self._own or user_id in self._others

    def run(self) -> None:
        """Look until stopped; what the database did not answer to is in the next look."""
        rest = 0.0
        while not self._stopped.wait(rest):
            began = time.monotonic()
            try:
                self.refresh()
            except Exception as error:
                if not (is_outage(error) or self._stopped.is_set()):
                    log.exception("could not find out who is online")
            rest = max(INTERVAL, min(MAX_REST, REST * (time.monotonic() - began)))

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def end(self) -> None:
        """Let other processes know that nobody is online here any more."""
        try:
            self._own.end()
        except Exception as error:
            if is_outage(error):
                log.warning(
                    "the database did not answer: others notice the end of this process later"
                )
            else:
                log.exception("others notice the end of this process later")

    def refresh(self) -> None:
        """Tell other processes who came and went here, and clients who did anywhere."""
        self._drop_leaving()
        try:
            self._own.write()
            self._others.refresh(self._own.process_id)
        finally:  # what is known is told although no more could be read
            self._changed.update(dict.fromkeys(self._others.take_changed()))
            self._publish()

    def _drop_leaving(self) -> None:
        now = time.monotonic()
        for user_id, due in list(self._leaving.items()):
            if due > now:
                break  # they are in the order of their leaving
            del self._leaving[user_id]
            if not self._connections.is_online(user_id):
                self._own.remove_user(user_id)
                self._changed[user_id] = None

    def _publish(self) -> None:
        """Tell clients here what they do not know, and remember what could not be told.

        All rooms of many people may be too much for one answer. So after a failure fewer are asked
        for, and everybody else first.
        """
        heard = self._heard()
        while self._changed:
            some = list(itertools.islice(self._changed, self._users_per_query))
            for user_id in some:
                del self._changed[user_id]
            news = [one for one in some if self.is_online(one) != (one in self._published)]
            try:
                rooms = self._rooms_of(news) if news and heard else {}
            except Exception:
                self._users_per_query = max(1, len(some) // 2)
                self._changed.update(dict.fromkeys(some))
                raise
            self._users_per_query = min(MAX_USERS_PER_QUERY, self._users_per_query + 1)
            for user_id in cooperatively(news):
                kinds = {one: heard[one] for one in rooms.get(user_id, ()) if one in heard}
                self._publish_one(user_id, kinds)

    def _publish_one(self, user_id: str, rooms: Mapping[str, RoomKind]) -> None:
        """Tell of one user, who may have come or gone once more while the database was asked."""
        online = self.is_online(user_id)
        if online != (user_id in self._published):
            (self._published.add if online else self._published.discard)(user_id)
            self._publisher.presence_changed(user_id, online, rooms)
