"""Moving a member's read mark, and pushing it."""

from __future__ import annotations

from chat.errors import InvalidInput
from chat.i18n import Text
from chat.log.room_log import RoomLog
from chat.models import RoomKind, User
from chat.services.events import Events
from chat.services.membership_cache import MembershipCache
from chat.services.read_marks import ReadMarks

SMALL_GROUP = 50  # members; in larger groups read marks are pushed only to their own clients


class Reading:
    """Moves read marks."""

    def __init__(
        self,
        room_log: RoomLog,
        membership_cache: MembershipCache,
        read_marks: ReadMarks,
        events: Events,
    ) -> None:
        self._room_log = room_log
        self._membership_cache = membership_cache
        self._read_marks = read_marks
        self._events = events

    def mark_read(self, user: User, room_id: str, seq: int, kind: RoomKind | None = None) -> None:
        """Record that a member has read up to `seq`; a mark never moves back."""
        room, membership = self._membership_cache.require_of_kind(user.id, room_id, kind)
        membership = self._read_marks.with_mark(membership)
        if seq > self._room_log.with_tail(room).last_seq and seq > (
            head := self._room_log.last_seq(room)
        ):
            raise InvalidInput({"seq": [Text("invalid.too_big", max=head)]})
        if seq > membership.last_read_seq:
            self._read_marks.advance(room.id, user.id, seq)
            if room.kind == "direct":
                to_members = not room.blocked_by
            else:
                to_members = self._membership_cache.count(room.id) <= SMALL_GROUP
            self._events.message_read(room, user.id, seq, to_members)
