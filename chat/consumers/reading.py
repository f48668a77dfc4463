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
    """Reads rooms' logs after a cursor; `reads_messages` is that of the consumer."""

    def __init__(self, room_log: RoomLog, arrivals: Arrivals, reads_messages: bool) -> None:
        self._room_log = room_log
        self._arrivals = arrivals
        self._reads_messages = reads_messages

    def is_ahead(self, room: Room, cursor: Cursor) -> bool:
        """Return whether a room's logs are known to go on after a cursor, without a query."""
        known = self._room_log.with_tail(room)
        return known.last_rev > cursor.rev or (self._reads_messages and known.last_seq > cursor.seq)

    def after(self, room: Room, cursor: Cursor) -> Found:
        """Read a page of each log."""
        room = self._room_log.with_tail(room)
        messages = self._messages(room, cursor.seq) if self._reads_messages else []
        seq = messages[-1].seq if messages else cursor.seq
        changed, rev = self._changed(room, cursor.rev)
        if self._reads_messages:
            if any(message.seq > seq for message in changed):
                # They are still to come: as they are now, and not as they arrived.
                self._arrivals.forget(room.id)
            changed = [message for message in changed if message.seq <= seq]
        found = Cursor(seq, rev)
        has_more = found != cursor and self.is_ahead(room, found)
        return Found(Batch(room, messages, changed), found, has_more)

    def oldest_after(self, room: Room, cursor: Cursor) -> int | None:
        """Return when the first message after a cursor was sent, or None."""
        if not self._reads_messages:
            return None
        found = self._room_log.read_plain(room.id, cursor.seq + 1, cursor.seq + 1)
        return found[0].created_at if found else None

    def ends(self, room: Room) -> Cursor:
        """Return where both logs of a room end, by asking the database."""
        return Cursor(self._room_log.last_seq(room), self._room_log.last_rev(room))

    def _messages(self, room: Room, after_seq: int) -> list[Message]:
        arrived = self._arrivals.after(room.id, after_seq, LOG_PAGE)
        if arrived or room.last_seq <= after_seq:
            return arrived
        return self._room_log.read_plain(room.id, after_seq + 1, after_seq + LOG_PAGE)

    def _changed(self, room: Room, after_rev: int) -> tuple[Sequence[Message], int]:
        """Return the messages that changed, and the rev up to which they did."""
        if room.last_rev <= after_rev:
            return (), after_rev
        upto = min(room.last_rev, after_rev + MAX_CHANGES_BEHIND)
        changes = self._room_log.changes(room, after_rev, LOG_PAGE, upto)
        return changes.messages, changes.last_rev
