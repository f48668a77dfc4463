"""What is new in a room for a consumer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chat.consumers.arrivals import Arrivals
from chat.consumers.consumer import Batch
from chat.log.room_log import MAX_CHANGES_BEHIND, RoomLog
from chat.models import Message, Room
from chat.repositories.appends import LOG_PAGE
from chat.repositories.cursors import Cursor


@dataclass(frozen=True, slots=True)
class Found:
    """What comes after a cursor, where the cursor is after it, and whether there is more."""

    batch: Batch
    cursor: Cursor
    has_more: bool


class Reading:
    """Reads rooms' logs after a cursor."""

    def __init__(self, room_log: RoomLog, arrivals: Arrivals) -> None:
        self._room_log = room_log
        self._arrivals = arrivals

    def is_ahead(self, room: Room, cursor: Cursor) -> bool:
        """Return whether a room's logs are known to go on after a cursor, without a query."""
        known = self._room_log.with_tail(room)
        return known.last_seq > cursor.seq or known.last_rev > cursor.rev

    def after(self, room: Room, cursor: Cursor) -> Found:
        """Read a page of each log."""
        room = self._room_log.with_tail(room)
        seq, rev, has_more = cursor.seq, cursor.rev, False
        messages = self._arrivals.after(room.id, seq, LOG_PAGE)
        if not messages and room.last_seq > seq:
            messages = self._room_log.read_plain(room.id, seq + 1, seq + LOG_PAGE)
        if messages:
            seq = messages[-1].seq
            has_more = room.last_seq > seq
        changed: Sequence[Message] = ()
        if room.last_rev > rev:
            upto = min(room.last_rev, rev + MAX_CHANGES_BEHIND)
            changes = self._room_log.changes(room, rev, LOG_PAGE, upto)
            changed, rev = changes.messages, changes.last_rev
            has_more = has_more or room.last_rev > rev
            if any(message.seq > seq for message in changed):
                # They are still to come: as they are now, and not as they arrived.
                self._arrivals.forget(room.id)
        earlier = [message for message in changed if message.seq <= seq]
        return Found(Batch(room, messages, earlier), Cursor(seq, rev), has_more)

    def ends(self, room: Room) -> Cursor:
        """Return where both logs of a room end, by asking the database."""
        return Cursor(self._room_log.last_seq(room), self._room_log.last_rev(room))
