"""Whether another process writes to the same rooms.

The second one notices; the first one never would, and could win again and again. So the loser
leaves a note with the room, and the reconciler of the winner finds it.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from chat.ids import new_id
from chat.models import Room
from chat.repositories.rooms import RoomRepository

KNOWN_SECONDS = 1.0  # since another process was first
HEARD_SECONDS = 2.0  # since a note of another process was found
NOTE_INTERVAL = 0.5  # seconds between two notes
NOTE_SECONDS = 3.0  # for which a note is heeded, by the database's clock


class Contention:
    """What this process knows of others that write to the same rooms, and tells them of itself."""

    def __init__(self, rooms: RoomRepository) -> None:
        self._rooms = rooms
        self._process_id = new_id()
        self._until = 0.0
        self._noted_at = -NOTE_INTERVAL

    @property
    def is_on(self) -> bool:
        """Tell whether another process is known to write to the same rooms."""
        return time.monotonic() < self._until

    def record_loss(self, room: Room) -> None:
        """Hear that another process was first, and let it know that it is not alone."""
        now = time.monotonic()
        self._until = max(self._until, now + KNOWN_SECONDS)
        if now - self._noted_at >= NOTE_INTERVAL:
            self._noted_at = now
            self._rooms.note_contended(room.id, self._process_id)

    def refresh(self, now: datetime) -> None:
        """Find out whether another process lately came second; `now` is by the database's clock."""
        since = now - timedelta(seconds=NOTE_SECONDS)
        if self._rooms.is_contended(since, self._process_id):
            self._until = time.monotonic() + HEARD_SECONDS
