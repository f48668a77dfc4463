"""Reading back what was said, page by page or after an absence."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from chat.concurrency import cooperatively
from chat.errors import InvalidInput
from chat.log.room_log import RoomLog
from chat.models import Changes, Page, Room, RoomKind, RoomSync, Sync, User
from chat.services.conversations import ConversationService
from chat.services.membership_cache import MembershipCache
from chat.services.past import Past

SYNC_PAGE = 100  # messages of one room in one answer to `sync`
SYNC_CHARACTERS = 256 * 1024  # of text, more than an answer holds: what is beyond is not read
# Rooms of one `sync` whose logs are asked for their ends, and rooms that messages are read of: each
# is a question to the database, and one may be in thousands.
SYNC_HEADS = 300
SYNC_READS = 200
LATELY = 1.0  # seconds for which the ends of both logs are as good as asking again


class History:
    """What a member may read of the logs of rooms."""

    def __init__(
        self,
        room_log: RoomLog,
        membership_cache: MembershipCache,
        conversations: ConversationService,
        past: Past,
    ) -> None:
        self._room_log = room_log
        self._membership_cache = membership_cache
        self._conversations = conversations
        self._past = past

    def history(
        self,
        user: User,
        room_id: str,
        before_seq: int | None = None,
        after_seq: int | None = None,
        limit: int = 50,
    ) -> Page:
        """Return a page of a room's log: the newest, or next to one of the two seqs."""
        if before_seq is not None and after_seq is not None:
            raise InvalidInput({"after_seq": ["invalid.not_both"]})
        room, _ = self._membership_cache.require(user.id, room_id)
        rev = self._room_log.rev(room, LATELY)  # first: what is read after it is no older
        if after_seq is not None:
            return replace(self._page_after(room, after_seq, limit), last_rev=rev)
        end = self._room_log.end(room) + 1
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
        """Return what came after the seqs a member has seen, in all rooms of a kind.

        `ids` may have the id of the message at such a seq: where another one stands there now, the
        room is to be loaded anew. `revs` may have the rev up to which the member knows all changes
        of a room. Rooms that were not named count as joined only if
        `after` < id ≤ `upto`.
        """
        epoch = self._past.epoch()  # first: what is read after it is no older
        conversations = {
            found.room.id: found for found in self._conversations.list_cached(user, kind)
        }
        rooms: dict[str, RoomSync] = {}
        named = [room_id for room_id in seen if room_id in conversations]
        # Of the others the end is known as it was written or told here; all after it is pushed.
        asked = set(random.sample(named, min(len(named), SYNC_HEADS)))
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
            rooms[room_id] = found
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
        """Return what came after `seq`, and whether the log was looked at for it.

        Where that would be too much for one answer, the client is told to ask again.
        """
        later = Page((), has_more=True)
        head = self._room_log.end(room, LATELY) if ask else room.last_seq
        if seq > head and not ask:
            return RoomSync(later, head), False
        if seq > head:  # known here may be less than what another process has pushed meanwhile
            head = self._room_log.end(room)
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
        """Return what changed after `rev`, and whether the log was looked at for it; as above."""
        upto = self._room_log.rev(room, LATELY) if ask else room.last_rev
        if rev > upto and ask:  # as above
            upto = self._room_log.rev(room)
        if rev == upto or (rev > upto and not ask):
            return Changes((), (), rev, rev), False
        if rev < upto and not read:
            return Changes((), (), rev, rev, has_more=True), False
        return self._room_log.changes(room, rev, SYNC_PAGE, upto), True

    def _known_id(self, room: Room, seq: int) -> str | None:
        """Return the id of the message at a place of a log where no look at it is needed."""
        last = room.last_message
        return last.id if last and last.seq == seq else self._room_log.known_id(room.id, seq)

    def _page_after(self, room: Room, after_seq: int, limit: int) -> Page:
        found = self._room_log.read(room.id, after_seq + 1, after_seq + limit + 1)
        return Page(tuple(found[:limit]), has_more=len(found) > limit)
