"""The reconciler's loop, and the span of time that each run covers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from chat.log.room_log import RoomLog
from chat.reconciler.people import PeopleReconciler
from chat.reconciler.rooms import RoomReconciler
from chat.repositories.outages import logged_unless_outage
from chat.repositories.rooms import AHEAD
from chat.services.epoch_watch import EpochWatch
from chat.services.membership_cache import MembershipCache

INTERVAL = 1.0  # seconds
LOOK_BACK = 6.0  # seconds by the database's clock, in addition to the time since the last run

log = logging.getLogger(__name__)


class Reconciler:
    """Reconciles rooms and users once a second; `clock` is the database's."""

    def __init__(
        self,
        *,
        rooms: RoomReconciler,
        people: PeopleReconciler,
        room_log: RoomLog,
        membership_cache: MembershipCache,
        epoch_watch: EpochWatch,
        clock: Callable[[], datetime],
    ) -> None:
        self._rooms = rooms
        self._people = people
        self._room_log = room_log
        self._membership_cache = membership_cache
        self._epoch_watch = epoch_watch
        self._clock = clock
        self._last_run_at = time.monotonic()  # the start of the last complete run
        self._clock_was = datetime.min.replace(tzinfo=UTC)  # by the database's clock
        self._stopped = threading.Event()

    def run(self) -> None:
        """Run once a second until stopped. After a database error the next run tries again."""
        while not self._stopped.wait(INTERVAL):
            with logged_unless_outage(log, "a run of the reconciler failed", self._stopped.is_set):
                self.run_once()

    def stop(self) -> None:
        """Stop the loop."""
        self._stopped.set()

    def run_once(self) -> None:
        """Run once. After an incomplete run the next one covers the same span as well."""
        began = time.monotonic()
        if self._epoch_watch.check():  # all caches were cleared
            self._rooms.start_over()
        now = self._clock()
        self._room_log.refresh_contention(now)
        self._rooms.untrack_idle_rooms()
        since = now - timedelta(seconds=LOOK_BACK + began - self._last_run_at)
        # After the clock was set back, one run reads everything touched, deleted or ended while it
        # was ahead. Later runs do not read it again each second until the clock gets there.
        was_set_back = now + AHEAD < self._clock_was
        until = None if was_set_back else now + AHEAD
        self._rooms.reconcile(since, until)
        self._people.reconcile(since, until)
        self._last_run_at, self._clock_was = began, now
        # Other rooms than the tracked ones may have been deleted elsewhere unnoticed.
        self._membership_cache.confirm(began, self._room_log.tracked_rooms())
