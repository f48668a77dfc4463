"""Reading messages: page by page, or everything missed during an absence."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from chat.concurrency import cooperatively
from chat.errors import InvalidInput
from chat.log.room_log import RoomLog
from chat.models import Changes, Page, Room, RoomKind, RoomSync, Sync, User
from chat.services.conversations import ConversationService
from chat.services.epoch_watch import EpochWatch
from chat.services.membership_cache import MembershipCache

SYNC_PAGE = 100  # messages of one room in one answer to `sync`
SYNC_CHARACTERS = 256 * 1024  # of text, more than an answer holds; nothing is read beyond it
# Bounds of one `sync`: rooms whose tail is read from the database, and rooms whose messages are
# read. Each costs a query, and a user may be in thousands of rooms.
SYNC_TAILS = 300
SYNC_READS = 200
TAIL_MAX_AGE = 1.0  # seconds for which a known end of a log is used instead of a query


class History:
    """Reads the logs of rooms for their members."""

    def __init__(
        self,
        room_log: RoomLog,
        membership_cache: MembershipCache,
        conversations: ConversationService,
        epoch_watch: EpochWatch,
    ) -> None:
        self._room_log = room_log
        self._membership_cache = membership_cache
        self._conversations = conversations
        self._epoch_watch = epoch_watch

    def history(
        self,
        user: User,
        room_id: str,
        before_seq: int | None = None,
        after_seq: int | None = None,
        limit: int = 50,
    ) -> Page:
        """Return a page of a room's log: the newest one, or that before or after a seq."""
        if before_seq is not None and after_seq is not None:
            raise InvalidInput({"after_seq": ["invalid.not_both"]})
        room, _ = self._membership_cache.require(user.id, room_id)
        # Before the messages, so that they are no older.
        rev = self._room_log.last_rev(room, TAIL_MAX_AGE)
        if after_seq is not None:
            return replace(self._page_after(room, after_seq, limit), last_rev=rev)
        end = self._room_log.last_seq(room) + 1
        end = min(end, before_seq) if before_seq is not None else end
        first = max(1, end - limit)
        found = self._room_log.read(room.id, first, end - 1)
        return Page(tuple(found), has_more=first > 1 and bool(found), last_rev=rev)

    def sync(
        self,
        user: User,
        seen: Mapping[str, int],
        kind: RoomKind,
        ids: Mapping[str, str],
        revs: Mapping[str, int] | None = None,
        after: str = "",
        upto: str | None = None,
    ) -> Sync:
        """Return the messages after the seqs that a member has seen, in all rooms of a kind.

        `ids` may hold the id of the message at such a seq: if another message has that seq now,
        the answer for the room is `reset`. `revs` may hold the rev up to which the member has all
        changes of a room. Rooms missing from `seen` count as joined only if `after` < id ≤ `upto`.
        """
        epoch = self._epoch_watch.epoch()  # before the messages, so that they are no older
        conversations = {
            found.room.id: found for found in self._conversations.list_cached(user, kind)
        }
        rooms: dict[str, RoomSync] = {}
        named = [room_id for room_id in seen if room_id in conversations]
        # For the other rooms the known tail must do; later messages are pushed.
        asked = set(random.sample(named, min(len(named), SYNC_TAILS)))
        left, reads = SYNC_CHARACTERS, SYNC_READS
        for room_id in cooperatively(named):
            room, ask = conversations[room_id].room, room_id in asked
            found, looked = self._missed(
                room, seen[room_id], ids.get(room_id), ask=ask, read=left > 0 and reads > 0
            )
            left -= sum(len(message.data) for message in found.page.messages)
            reads -= looked
            if revs and room_id in revs:
                changes, looked = self._changed(
                    room, revs[room_id], ask=ask, read=left > 0 and reads > 0
                )
                left -= sum(len(message.data) for message in changes.messages)
                reads -= looked
                found = replace(found, changes=changes, reset=found.reset or changes.reset)
            rooms[room_id] = replace(
                found, last_mention_seq=conversations[room_id].last_mention_seq
            )
        return Sync(
            epoch=epoch,
            rooms=rooms,
            joined=[
                found
                for room_id, found in conversations.items()
                if room_id not in seen and room_id > after and (upto is None or room_id <= upto)
            ],
            gone=[room_id for room_id in seen if room_id not in conversations],
        )

    def _missed(
        self, room: Room, seq: int, message_id: str | None, *, ask: bool, read: bool
    ) -> tuple[RoomSync, bool]:
        """Return the messages after `seq`, and whether that cost a read of the log.

        If the answer has no space left, it says `has_more`, and the client asks again.
        """
        later = Page((), has_more=True)
        head = self._room_log.last_seq(room, TAIL_MAX_AGE) if ask else room.last_seq
        if seq > head and not ask:
            return RoomSync(later, head), False
        if seq > head:  # the known tail may be older than a push of another process
            head = self._room_log.last_seq(room)
            if seq > head:
                return RoomSync(Page((), has_more=False), head, reset=True), False
        known_id = self._known_id(room, seq)
        is_known = message_id in (None, known_id) or seq == 0
        if seq == head and is_known:
            return RoomSync(Page((), has_more=False), head), False
        if not read:
            return RoomSync(later, head), False
        if not is_known and message_id != self._room_log.ids_at(room.id, [seq]).get(seq):
            return RoomSync(Page((), has_more=False), head, reset=True), True
        if seq == head:
            return RoomSync(Page((), has_more=False), head), True
        page = self._page_after(room, seq, SYNC_PAGE)
        last = page.messages[-1].seq if page.messages else 0
        return RoomSync(page, max(head, last)), True

    def _changed(self, room: Room, rev: int, *, ask: bool, read: bool) -> tuple[Changes, bool]:
        """Return the changes after `rev`, and whether that cost a read, as `_missed` does."""
        upto = self._room_log.last_rev(room, TAIL_MAX_AGE) if ask else room.last_rev
        if rev > upto and ask:  # the known tail may be older, as in `_missed`
            upto = self._room_log.last_rev(room)
        if rev == upto or (rev > upto and not ask):
            return Changes((), (), rev, rev), False
        if rev < upto and not read:
            return Changes((), (), rev, rev, has_more=True), False
        return self._room_log.changes(room, rev, SYNC_PAGE, upto), True

    def _known_id(self, room: Room, seq: int) -> str | None:
        """Return the id of the message at a seq if it is known without a query."""
        last = room.last_message
        return last.id if last and last.seq == seq else self._room_log.known_id(room.id, seq)

    def _page_after(self, room: Room, after_seq: int, limit: int) -> Page:
        found = self._room_log.read(room.id, after_seq + 1, after_seq + limit + 1)
        return Page(tuple(found[:limit]), has_more=len(found) > limit)
