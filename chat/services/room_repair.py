"""Completing changes of rooms at the start of a process that a crash interrupted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from chat.log.room_log import RoomLog
from chat.models import Room
from chat.repositories.memberships import MembershipRepository
from chat.repositories.outages import is_outage
from chat.repositories.rooms import RoomRepository
from chat.services.roles import Roles

CATCH_UP_ROOMS = 500  # the most recently changed ones, which a starting process checks
CATCH_UP_PAUSE = 1.0  # seconds between two tries while the database is away

A = TypeVar("A")
T = TypeVar("T")

log = logging.getLogger(__name__)


class RoomRepair:
    """Checks the most recently changed rooms once."""

    def __init__(
        self,
        rooms: RoomRepository,
        memberships: MembershipRepository,
        room_log: RoomLog,
        roles: Roles,
    ) -> None:
        self._rooms = rooms
        self._memberships = memberships
        self._room_log = room_log
        self._roles = roles
        self._stopped = threading.Event()

    def catch_up(self) -> None:
        """Complete interrupted changes in the most recently changed rooms.

        Applies changes of messages that are stored but not applied, writes the ends of both logs to
        the room, and passes on a group whose owner is no member. A failure in one room does not
        stop the others. During a database outage it retries.
        """
        for room in self._ask_until_answered(self._rooms.list_latest, CATCH_UP_ROOMS) or ():
            self._ask_until_answered(self._complete, room)

    def stop(self) -> None:
        """Stop before the next room."""
        self._stopped.set()

    def _ask_until_answered(self, ask: Callable[[A], T], argument: A) -> T | None:
        """Retry during an outage and return the result; None after another error, or if stopped."""
        while not self._stopped.is_set():
            try:
                return ask(argument)
            except Exception as error:
                if not is_outage(error):
                    log.exception("could not complete what a crash may have left half done")
                    return None
            self._stopped.wait(CATCH_UP_PAUSE)
        return None

    def _complete(self, room: Room) -> None:
        self._room_log.last_seq(room)
        self._room_log.last_rev(room)
        if room.owner_id and self._memberships.find(room.id, room.owner_id) is None:
            self._roles.transfer_ownership(room)
