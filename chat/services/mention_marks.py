"""Mention marks: the last message that mentions each member. Known at once, written once a second.

A member who is mentioned by name has a mark of their own. A message that mentions all leaves one
mark on its room, however many members the room has.
"""

from __future__ import annotations

from dataclasses import replace

from cachetools import LRUCache

from chat.models import AllMention, Changes, Membership, Message, Room
from chat.repositories.memberships import MembershipRepository
from chat.repositories.rooms import RoomRepository
from chat.write_behind import WriteBehind

WRITE_INTERVAL = 1.0  # seconds between two writes of one mark
KNOWN_MARKS = 50_000
KNOWN_ROOMS = 10_000


class MentionMarks:
    """The mention marks set in this process, written to the database in the background.

    They stay cached after the write, as read marks do. A crash can lose those not written yet.
    """

    def __init__(self, rooms: RoomRepository, memberships: MembershipRepository) -> None:
        self._known: LRUCache[tuple[str, str], int] = LRUCache(KNOWN_MARKS)  # by room and member
        self._known_all: LRUCache[str, AllMention] = LRUCache(KNOWN_ROOMS)  # by room
        self._marks: WriteBehind[tuple[str, str], int] = WriteBehind(
            WRITE_INTERVAL, memberships.advance_mentions, lambda: memberships.pacing
        )
        self._all_marks: WriteBehind[str, AllMention] = WriteBehind(
            WRITE_INTERVAL, rooms.advance_all_mentions, lambda: rooms.pacing
        )

    def on_stored(self, room: Room, message: Message) -> None:
        """Mark the message for those whom it mentions, its sender aside."""
        for user_id in message.mentions.user_ids:
            key = (room.id, user_id)
            if user_id != message.user_id and message.seq > self._known.get(key, 0):
                self._known[key] = message.seq
                self._marks.put(key, message.seq)
        if message.mentions.all:
            known = self._known_all.get(room.id)
            if known is None or message.seq > known.seq:
                last = self._known_all[room.id] = AllMention(message.seq, message.user_id)
                self._all_marks.put(room.id, last)

    def on_caught_up(self, room: Room, message: Message) -> None:
        """Do nothing: the process that stored the message marks it."""

    def on_changed(self, room: Room, changes: Changes) -> None:
        """Mark messages whose new text mentions somebody."""
        for message in changes.messages:
            if message.edited_at is not None:
                self.on_stored(room, message)

    def on_changes_caught_up(self, room: Room, changes: Changes) -> None:
        """Do nothing: the process that stored the change marks the message."""

    def with_mark(self, membership: Membership) -> Membership:
        """Return the membership with the newest mark known to this process."""
        seq = self._known.get((membership.room_id, membership.user_id), 0)
        if seq <= membership.last_mention_seq:
            return membership
        return replace(membership, last_mention_seq=seq)

    def with_all_mark(self, room: Room) -> Room:
        """Return the room with the newest mark for all members known to this process."""
        last = self._known_all.get(room.id)
        if last is None or (room.last_mention_all and room.last_mention_all.seq >= last.seq):
            return room
        return replace(room, last_mention_all=last)

    def flush(self) -> bool:
        """Write the waiting marks; return whether that succeeded."""
        written = self._marks.flush()
        return self._all_marks.flush() and written

    def forget_all(self) -> None:
        """Drop all marks, including those that are not written yet."""
        self._marks.clear()
        self._all_marks.clear()
        self._known.clear()
        self._known_all.clear()
