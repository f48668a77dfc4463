"""Detects that another process writes to the same rooms.

The loser of a race knows it happened; the winner does not, and could win every time. So the loser
marks the room as contended, and the reconciler of the winner reads the mark.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from chat.ids import new_id
from chat.models import Room
from chat.repositories.rooms import RoomRepository

LOSS_SECONDS = 1.0  # contention lasts so long after a lost race
FOREIGN_MARK_SECONDS = 2.0  # and so long after a mark of another process was read
MARK_INTERVAL = 0.5  # seconds between two marks of this process
MARK_LIFETIME = 3.0  # seconds by the database's clock


class Contention:
    """Whether other processes write to the same rooms. It marks rooms so that they know too."""

    def __init__(self, rooms: RoomRepository) -> None:
        self._rooms = rooms
        self._process_id = new_id()
        self._until = 0.0
        self._marked_at = -MARK_INTERVAL

    @property
    def is_on(self) -> bool:
        """Tell whether another process is known to write to the same rooms."""
        return time.monotonic() < self._until

    def record_loss(self, room: Room) -> None:
        """Record that another process won a race, and mark the room so that it finds out."""
        now = time.monotonic()
        self._until = max(self._until, now + LOSS_SECONDS)
        if now - self._marked_at >= MARK_INTERVAL:
            self._marked_at = now
            self._rooms.record_contention(room.id, self._process_id)

    def refresh(self, now: datetime) -> None:
        """Look for recent marks of other processes; `now` is by the database's clock."""
        since = now - timedelta(seconds=MARK_LIFETIME)
        if self._rooms.is_contended(since, self._process_id):
            self._until = time.monotonic() + FOREIGN_MARK_SECONDS
