"""Read marks: up to which seq each member has read. Pushed at once, written once a second."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from cachetools import LRUCache

from chat.models import Membership, Message, Room
from chat.repositories.memberships import MembershipRepository
from chat.repositories.messages import MessageRepository
from chat.write_behind import WriteBehind

WRITE_INTERVAL = 1.0  # seconds between two writes of one member's mark
KNOWN_MARKS = 50_000

_Mark = tuple[int, str | None]  # the seq, and the id of its message or None if unknown


class ReadMarks:
    """The read marks set in this process, written to the database in the background.

    They stay cached after the write, because memberships read earlier stay in use for a while. A
    mark set right after a round of writes began waits for the next round too, so a crash can lose
    the marks of two rounds.
    """

    def __init__(self, memberships: MembershipRepository, messages: MessageRepository) -> None:
        self._memberships = memberships
        self._messages = messages
        self._known: LRUCache[tuple[str, str], int] = LRUCache(KNOWN_MARKS)
        self._write_behind: WriteBehind[tuple[str, str], _Mark] = WriteBehind(
            WRITE_INTERVAL, self._write, lambda: memberships.pacing
        )

    def advance(self, room_id: str, user_id: str, seq: int, message_id: str | None = None) -> None:
        """Record that the user has read the room up to `seq`; `message_id` is its message."""
        key = (room_id, user_id)
        if seq <= self._known.get(key, 0):
            return
        self._known[key] = seq
        self._write_behind.put(key, (seq, message_id))

    def on_stored(self, room: Room, message: Message) -> None:
        """Record that the sender has read the message."""
        self.advance(room.id, message.user_id, message.seq, message.id)

    def on_caught_up(self, room: Room, message: Message) -> None:
        """Do nothing: the process that stored the message records it."""

    def with_mark(self, membership: Membership) -> Membership:
        """Return the membership with the newest mark known to this process."""
        seq = self._known.get((membership.room_id, membership.user_id), 0)
        return (
            replace(membership, last_read_seq=seq) if seq > membership.last_read_seq else membership
        )

    def flush(self) -> bool:
        """Write the waiting marks; return whether that succeeded."""
        return self._write_behind.flush()

    def forget_all(self) -> None:
        """Drop all marks, including those that are not written yet."""
        self._write_behind.clear()
        self._known.clear()

    def _write(self, marks: dict[tuple[str, str], _Mark]) -> None:
        unnamed: defaultdict[str, set[int]] = defaultdict(set)
        for (room_id, _), (seq, message_id) in marks.items():
            if message_id is None:
                unnamed[room_id].add(seq)
        ids = {room_id: self._messages.ids_at(room_id, seqs) for room_id, seqs in unnamed.items()}
        self._memberships.advance_reads(
            (room_id, user_id, seq, message_id or ids[room_id].get(seq))
            for (room_id, user_id), (seq, message_id) in marks.items()
        )
