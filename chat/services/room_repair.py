"""What a crash left half done in rooms is completed at the next start."""

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

CATCH_UP_ROOMS = 500  # the last touched, whose logs a starting process looks at
CATCH_UP_PAUSE = 1.0  # seconds until a database that was away is asked again

A = TypeVar("A")
T = TypeVar("T")

log = logging.getLogger(__name__)


class RoomRepair:
    """Looks once at the rooms that changed last."""

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
        """Complete what a crash left half done in the rooms that changed last.

        The ends of both logs are written down, what was done to messages is applied before, and a
        group whose owner is no member gets another one.
        A room that fails keeps no other from it, and a database that is away is asked again.
        """
        for room in self._ask_until_answered(self._rooms.list_latest, CATCH_UP_ROOMS) or ():
            self._ask_until_answered(self._complete, room)

    def stop(self) -> None:
        """Catch up no more."""
        self._stopped.set()

    def _ask_until_answered(self, ask: Callable[[A], T], argument: A) -> T | None:
        """Return the answer; None when it fails although the database is there, or when stopped."""
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
        self._room_log.end(room)
        self._room_log.rev(room)
        if room.owner_id and self._memberships.find(room.id, room.owner_id) is None:
            self._roles.hand_over(room)
