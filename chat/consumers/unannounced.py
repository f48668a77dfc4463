"""Finds messages that nobody announced: their writer died before it touched their room."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from chat.consumers.leases import Leases
from chat.log.room_log import RoomLog
from chat.models import Room
from chat.repositories.consumers import ConsumerRepository, ConsumerState
from chat.repositories.log_ends import LogEndRepository
from chat.repositories.outages import logged_unless_outage
from chat.repositories.rooms import RoomRepository

SWEEP = "ends"  # the name of its lease
CHECK_INTERVAL = 5.0  # seconds
EVERY = 60_000  # milliseconds
# Entries so young may still be announced.
YOUNG = 10_000
# Ids have the time at which their writer admitted the entry, by the clock of its machine.
OVERLAP = 60_000
FIRST = 3_600_000  # how far a first sweep looks back
PAUSE_FACTOR = 3.0  # after a room, as a multiple of the time it took

log = logging.getLogger(__name__)


class UnannouncedEntries:
    """Makes rooms say where their logs end: that touches them, so all consumers look at them.

    An engine that cannot look back serves one process. There a start reads the ends of all rooms.
    """

    def __init__(
        self,
        leases: Leases,
        ends: LogEndRepository,
        rooms: RoomRepository,
        room_log: RoomLog,
        states: ConsumerRepository,
        clock: Callable[[], int],
    ) -> None:
        self._leases = leases
        self._ends = ends
        self._rooms = rooms
        self._room_log = room_log
        self._states = states
        self._clock = clock
        self._has_read_all = False
        self._stopped = threading.Event()

    def run(self) -> None:
        """Sweep once a minute while this process holds the lease, until stopped."""
        while not self._stopped.wait(CHECK_INTERVAL):
            with logged_unless_outage(
                log, "could not look for messages that nobody announced", self._stopped.is_set
            ):
                self.run_if_due()

    def stop(self) -> None:
        """Stop after the room under way."""
        self._stopped.set()

    def run_if_due(self) -> None:
        """Look at what was stored since the last sweep, if that was a minute ago."""
        state, now = self._leases.held(SWEEP), self._clock()
        if state is None or 0 <= now - state.swept_at < EVERY:
            return
        if self._ends.looks_back:
            self._sweep(state, now)
        elif not self._has_read_all:
            self._complete(self._rooms.list_all())
            self._has_read_all = True
        self._states.record_sweep(SWEEP, now)

    def _sweep(self, state: ConsumerState, now: int) -> None:
        since = state.swept_at - OVERLAP if 0 < state.swept_at <= now else now - FIRST
        seqs = self._ends.find_last_seqs(since, now - YOUNG)
        revs = self._ends.find_last_revs(since, now - YOUNG)
        self._complete(
            room
            for room in self._rooms.list_by_ids(seqs.keys() | revs.keys())
            if seqs.get(room.id, 0) > room.last_seq or revs.get(room.id, 0) > room.last_rev
        )

    def _complete(self, rooms: Iterable[Room]) -> None:
        """Read where the logs end, which writes it into the room."""
        for room in rooms:
            began = time.monotonic()
            self._room_log.last_seq(room)
            self._room_log.last_rev(room)
            if self._stopped.wait(PAUSE_FACTOR * (time.monotonic() - began)):
                return
