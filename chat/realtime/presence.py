"""Presence: a user is online while any process has an accepted connection of theirs.

Each process writes which users are connected to it, reads once a second what the others wrote, and
pushes changes to its own clients.
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
from chat.repositories.outages import is_outage, logged_unless_outage

INTERVAL = 1.0  # seconds between two refreshes
GRACE = 2.0  # seconds without a connection until a user is offline; a page reload takes less
PAUSE_FACTOR = 3.0  # pause / duration of the last refresh, so that live traffic goes first
MAX_PAUSE = 2.0  # seconds; INTERVAL is the shortest pause
MAX_USERS_PER_QUERY = 100  # users whose rooms are read by one query

log = logging.getLogger(__name__)


class Presence:
    """Compares which users are online with what was pushed to the clients of this process.

    `tracked_rooms` returns the rooms whose members see each other's presence, with their kinds.
    `rooms_of` returns the rooms of each of the given users.
    """

    def __init__(
        self,
        *,
        connections: Connections,
        publisher: Publisher,
        own: OwnPresence,
        others: OthersPresence,
        tracked_rooms: Callable[[], Mapping[str, RoomKind]],
        rooms_of: Callable[[Collection[str]], Mapping[str, Collection[str]]],
    ) -> None:
        self._connections = connections
        self._publisher = publisher
        self._own = own
        self._others = others
        self._tracked_rooms = tracked_rooms
        self._rooms_of = rooms_of
        self._published: set[str] = set()  # users that were pushed as online
        # Users whose state may have changed, in the order in which they will be checked.
        self._changed: dict[str, None] = {}
        self._users_per_query = MAX_USERS_PER_QUERY
        self._leaving: dict[str, float] = {}  # disconnected users; when the grace of each ends
        self._stopped = threading.Event()

    def connected(self, user_id: str, rooms: Iterable[Room]) -> None:
        """Publish a user as online after a connection was accepted; `rooms` are all their rooms."""
        self._leaving.pop(user_id, None)
        if user_id not in self._own:
            self._own.add_user(user_id)
        if user_id not in self._published:
            self._published.add(user_id)
            kinds = {room.id: room.kind for room in rooms if not room.blocked_by}
            self._publisher.presence_changed(user_id, True, kinds)

    def block_changed(self, room: Room) -> None:
        """Publish to the two members of a direct room what a block hides or shows again.

        Nothing is published for two users who share another room, where they see each other.
        """
        rooms = self._rooms_of(room.member_ids)
        if set.intersection(*(set(rooms.get(one, ())) for one in room.member_ids)) - {room.id}:
            return
        for user_id in room.member_ids:
            online = self.is_online(user_id) and not room.blocked_by
            self._publisher.presence_changed(user_id, online, {room.id: room.kind})

    def disconnected(self, user_id: str) -> None:
        """Start the grace of a user whose last connection here ended."""
        if user_id in self._own and not self._connections.is_online(user_id):
            self._leaving.setdefault(user_id, time.monotonic() + GRACE)

    def is_online(self, user_id: str) -> bool:
        """Return whether a user is online, here or at any other process."""
        return user_id in self._own or user_id in self._others

    def run(self) -> None:
        """Refresh until stopped. After a database error the next refresh tries again."""
        pause = 0.0
        while not self._stopped.wait(pause):
            began = time.monotonic()
            with logged_unless_outage(log, "could not refresh presence", self._stopped.is_set):
                self.refresh()
            pause = max(INTERVAL, min(MAX_PAUSE, PAUSE_FACTOR * (time.monotonic() - began)))

    def stop(self) -> None:
        """Stop the loop."""
        self._stopped.set()

    def end(self) -> None:
        """Remove this process's users from the database, so that other processes notice."""
        try:
            self._own.end()
        except Exception as error:
            if is_outage(error):
                log.warning(
                    "the database did not answer: other processes notice this shutdown later"
                )
            else:
                log.exception("other processes notice this shutdown later")

    def refresh(self) -> None:
        """Write changes here for other processes, and push changes of all processes to clients."""
        self._drop_leaving()
        try:
            self._own.write()
            self._others.refresh(self._own.process_id)
        finally:  # publish what was read although the rest could not be read
            self._changed.update(dict.fromkeys(self._others.take_changed()))
            self._publish()

    def _drop_leaving(self) -> None:
        now = time.monotonic()
        for user_id, due in list(self._leaving.items()):
            if due > now:
                break  # the dict is in the order of due
            del self._leaving[user_id]
            if not self._connections.is_online(user_id):
                self._own.remove_user(user_id)
                self._changed[user_id] = None

    def _publish(self) -> None:
        """Push changed users to clients here; keep those that could not be pushed.

        One query for all rooms of many users may take too long. So after a failure, the next query
        is for fewer users, and the failed ones go to the end.
        """
        tracked = self._tracked_rooms()
        while self._changed:
            some = list(itertools.islice(self._changed, self._users_per_query))
            for user_id in some:
                del self._changed[user_id]
            news = [one for one in some if self.is_online(one) != (one in self._published)]
            try:
                rooms = self._rooms_of(news) if news and tracked else {}
            except Exception:
                self._users_per_query = max(1, len(some) // 2)
                self._changed.update(dict.fromkeys(some))
                raise
            self._users_per_query = min(MAX_USERS_PER_QUERY, self._users_per_query + 1)
            for user_id in cooperatively(news):
                kinds = {one: tracked[one] for one in rooms.get(user_id, ()) if one in tracked}
                self._publish_one(user_id, kinds)

    def _publish_one(self, user_id: str, rooms: Mapping[str, RoomKind]) -> None:
        """Push one user, whose state may have changed again during the query."""
        online = self.is_online(user_id)
        if online != (user_id in self._published):
            (self._published.add if online else self._published.discard)(user_id)
            self._publisher.presence_changed(user_id, online, rooms)
