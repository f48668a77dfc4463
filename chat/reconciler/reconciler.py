"""The reconciler's beat: from when on each look is, and what it is of."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from chat.log.room_log import RoomLog
from chat.reconciler.people import PeopleReconciler
from chat.reconciler.rooms import RoomReconciler
from chat.repositories.outages import is_outage
from chat.repositories.rooms import AHEAD
from chat.services.membership_cache import MembershipCache
from chat.services.past import Past

INTERVAL = 1.0  # seconds
LOOK_BACK = 6.0  # seconds by the database's clock, beyond the time since the last look

log = logging.getLogger(__name__)


class Reconciler:
    """Looks once a second, by the database's `clock`."""

    def __init__(
        self,
        *,
        rooms: RoomReconciler,
        people: PeopleReconciler,
        room_log: RoomLog,
        membership_cache: MembershipCache,
        past: Past,
        clock: Callable[[], datetime],
    ) -> None:
        self._rooms = rooms
        self._people = people
        self._room_log = room_log
        self._membership_cache = membership_cache
        self._past = past
        self._clock = clock
        self._looked_at = time.monotonic()  # when the last beat began that came to its end
        self._clock_was = datetime.min.replace(tzinfo=UTC)  # by the database's clock
        self._stopped = threading.Event()

    def run(self) -> None:
        """Beat until stopped; a database that does not answer is asked again at the next beat."""
        while not self._stopped.wait(INTERVAL):
            try:
                self.run_once()
            except Exception as error:
                # One that is under way at the end finds its connection closed.
                if not (is_outage(error) or self._stopped.is_set()):
                    log.exception("a beat of the reconciler failed")

    def stop(self) -> None:
        """Beat no more."""
        self._stopped.set()

    def run_once(self) -> None:
        """Look once; what could not be looked at, as the database was away, is in the next look."""
        began = time.monotonic()
        if self._past.check():  # all was forgotten
            self._rooms.start_over()
        now = self._clock()
        self._room_log.refresh_contention(now)
        self._rooms.drop_unheard()
        since = now - timedelta(seconds=LOOK_BACK + began - self._looked_at)
        # What was touched, deleted or ended while the clock was ahead is looked at once, when it
        # has been set back, and not again each second until it is that late.
        was_set_back = now + AHEAD < self._clock_was
        until = None if was_set_back else now + AHEAD
        self._rooms.look(since, until)
        self._people.look(since, until)
        self._looked_at, self._clock_was = began, now
        # What nobody here listens to may have been deleted elsewhere.
        self._membership_cache.confirm(began, self._room_log.tracked_rooms())
