"""Finds messages that nobody announced: their writer died before it touched their room."""

from __future__ import annotations

from chat.concurrency import cooperatively
from chat.log.room_log import RoomLog
from chat.models import Room
from chat.repositories.consumers import ConsumerRepository, ConsumerState
from chat.repositories.log_ends import LogEndRepository
from chat.repositories.rooms import RoomRepository

SWEEP = "ends"  # the name of its lease
EVERY = 60_000  # milliseconds
# Entries so young may still be announced.
YOUNG = 10_000
# Ids have the time at which their writer admitted the entry, by the clock of its machine.
OVERLAP = 60_000
FIRST = 3_600_000  # how far a first sweep looks back


class Sweep:
    """Makes rooms say where their logs end, so that every consumer sees that they go on."""

    def __init__(
        self,
        ends: LogEndRepository,
        rooms: RoomRepository,
        room_log: RoomLog,
        states: ConsumerRepository,
    ) -> None:
        self._ends = ends
        self._rooms = rooms
        self._room_log = room_log
        self._states = states

    def run_if_due(self, state: ConsumerState, now: int) -> None:
        """Look at what was stored since the last sweep, if that was a minute ago."""
        if 0 <= now - state.swept_at < EVERY:
            return
        since = state.swept_at - OVERLAP if 0 < state.swept_at <= now else now - FIRST
        until = now - YOUNG
        seqs = self._ends.find_last_seqs(since, until)
        revs = self._ends.find_last_revs(since, until)
        for room in cooperatively(self._rooms.list_by_ids(seqs.keys() | revs.keys())):
            self._complete(room, seqs.get(room.id, 0), revs.get(room.id, 0))
        self._states.record_sweep(SWEEP, now)

    def _complete(self, room: Room, seq: int, rev: int) -> None:
        """Read where the logs end, which writes it into the room."""
        if room.last_seq < seq:
            self._room_log.last_seq(room)
        if room.last_rev < rev:
            self._room_log.last_rev(room)
