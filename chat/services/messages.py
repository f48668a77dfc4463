"""Saying something and reading back what was said."""

from __future__ import annotations

import random
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from chat import policies
from chat.concurrency import in_turns
from chat.errors import InvalidInput, NotFound, PeerLeft
from chat.i18n import Text
from chat.models import (
    Conversation,
    Membership,
    Message,
    Page,
    Room,
    RoomKind,
    RoomSync,
    Sync,
    User,
)
from chat.repositories.documents import new_id
from chat.repositories.messages import MessageRepository
from chat.repositories.user_rooms import UserRoomRepository
from chat.services.conversations import ConversationService
from chat.services.events import Events
from chat.services.heads import RoomHeads
from chat.services.limits import CHANGES, MESSAGES, Limits
from chat.services.memberships import Memberships
from chat.services.past import Past
from chat.services.quotas import Quotas
from chat.services.read_marks import ReadMarks
from chat.services.rooms import RoomService
from chat.services.usernames import Usernames
from chat.services.writer import Promise, Writer, size_of_text

SYNC_PAGE = 100  # messages of one room in one answer to `sync`
SYNC_CHARACTERS = 256 * 1024  # of text, more than an answer holds: what is beyond is not read
# Rooms of one `sync` whose logs are asked for their ends, and rooms that messages are read of: each
# is a question to the database, and one may be in thousands.
SYNC_HEADS = 300
SYNC_READS = 200
TYPING_INTERVAL = 3.0  # seconds between two pushes that the same person types in the same room
SMALL_GROUP = 50  # up to so many members hear how far each of them has read
KNOWN_TYPISTS = 10_000
KNOWN_PAIRS = 10_000  # whose direct room is found without asking


class MessageService:
    """The one way of a message into a room, and the ways to read a room's log."""

    def __init__(
        self,
        *,
        messages: MessageRepository,
        user_rooms: UserRoomRepository,
        memberships: Memberships,
        conversations: ConversationService,
        usernames: Usernames,
        heads: RoomHeads,
        read_marks: ReadMarks,
        rooms: RoomService,
        past: Past,
        writer: Writer,
        limits: Limits,
        quotas: Quotas,
        events: Events,
        clock: Callable[[], int],
    ) -> None:
        self._messages = messages
        self._user_rooms = user_rooms
        self._memberships = memberships
        self._conversations = conversations
        self._usernames = usernames
        self._heads = heads
        self._read_marks = read_marks
        self._rooms = rooms
        self._past = past
        self._writer = writer
        self._limits = limits
        self._quotas = quotas
        self._events = events
        self._clock = clock
        # Ids of rooms, by the one who writes and the name they write to.
        self._direct_rooms: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._typed: OrderedDict[tuple[str, str], float] = OrderedDict()

    def send(
        self, user: User, room_id: str, client_id: str, data: str, kind: RoomKind | None = None
    ) -> Promise:
        """Admit a message to a room (of that kind) and promise to store and push it."""
        self._limits.count(MESSAGES, user.id)
        return self._submit(user, room_id, client_id, data, kind)

    def send_direct(
        self, user: User, client_id: str, data: str, to: str | None, room_id: str | None
    ) -> Promise:
        """Admit a message to the room shared with `to`, or to a direct room by its id."""
        self._limits.count(MESSAGES, user.id)
        if to is None:
            return self._submit(user, room_id or "", client_id, data, "direct")
        key = (user.id, to.lower())
        known = self._direct_rooms.get(key)
        if known is not None:
            try:
                return self._submit(user, known, client_id, data, "direct")
            except (NotFound, PeerLeft):
                # Nobody's username changes, but whoever had this one is gone. Another may have it.
                self._direct_rooms.pop(key, None)
        room, _ = self._rooms.direct_with(user, to, field="to")
        self._direct_rooms[key] = room.id
        if len(self._direct_rooms) > KNOWN_PAIRS:
            self._direct_rooms.popitem(last=False)
        return self._submit(user, room.id, client_id, data, "direct")

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
        room, _ = self._memberships.require(user.id, room_id)
        if after_seq is not None:
            return self._page_after(room, after_seq, limit)
        end = self._heads.read(room) + 1
        end = min(end, before_seq) if before_seq is not None else end
        first = max(1, end - limit)
        found = self._messages.list_range(room.id, first, end - 1)
        return Page(tuple(self._usernames.sign(found)), has_more=first > 1 and bool(found))

    def sync(
        self,
        user: User,
        seen: Mapping[str, int],
        kind: RoomKind,
        ids: Mapping[str, str],
        after: str = "",
        upto: str | None = None,
    ) -> Sync:
        """Return what came after the seqs a member has seen, in all rooms of a kind.

        `ids` may have the id of the message at such a seq: where another one stands there now, the
        room is to be loaded anew. Rooms that were not named count as joined only if
        `after` < id ≤ `upto`.
        """
        epoch = self._past.epoch()  # first: what is read after it is no older
        conversations = {
            found.room.id: found for found in self._conversations.list_lately(user, kind)
        }
        rooms: dict[str, RoomSync] = {}
        named = [room_id for room_id in seen if room_id in conversations]
        # Of the others the end is known as it was written or told here; all after it is pushed.
        asked = set(random.sample(named, min(len(named), SYNC_HEADS)))
        left, reads = SYNC_CHARACTERS, SYNC_READS
        for room_id in in_turns(named):
            rooms[room_id], looked = self._missed(
                conversations[room_id].room,
                seen[room_id],
                ids.get(room_id),
                ask=room_id in asked,
                read=left > 0 and reads > 0,
            )
            left -= sum(len(message.data) for message in rooms[room_id].page.messages)
            reads -= looked
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

    def mark_read(self, user: User, room_id: str, seq: int, kind: RoomKind | None = None) -> None:
        """Note that a member has read up to `seq`; a mark never goes back."""
        room, membership = self._require(user, room_id, kind)
        membership = self._read_marks.overlay(membership)
        if seq > self._heads.overlay(room).last_seq and seq > (head := self._heads.read(room)):
            raise InvalidInput({"seq": [Text("invalid.too_big", max=head)]})
        if seq > membership.last_read_seq:
            self._read_marks.advance(room.id, user.id, seq)
            if room.kind == "direct":
                to_members = not room.blocked_by
            else:
                to_members = self._memberships.count(room.id) <= SMALL_GROUP
            self._events.message_read(room, user.id, seq, to_members)

    def set_muted(self, user: User, room_id: str, muted: bool) -> Conversation:
        """Choose whether a member wants notifications of a room."""
        self._limits.count(CHANGES, user.id)
        self._memberships.require(user.id, room_id)
        self._user_rooms.update_muted(room_id, user.id, muted)
        self._memberships.forget(room_id)
        return self._conversations.get(user, room_id)

    def set_hidden(self, user: User, room_id: str, hidden: bool) -> Conversation:
        """Choose whether a direct room is left out of a member's list until the next message."""
        self._limits.count(CHANGES, user.id)
        room, _ = self._memberships.require(user.id, room_id)
        policies.require_direct(room)
        seq = self._heads.read(room) if hidden else -1
        self._user_rooms.update_hidden(room_id, user.id, seq)
        self._memberships.forget(room_id)
        return self._conversations.get(user, room_id)

    def typing(self, user: User, room_id: str, kind: RoomKind) -> None:
        """Tell the other members that someone types, once in a while; no one is told of a block."""
        room, membership = self._require(user, room_id, kind)
        policies.require_may_post(room, membership)
        if room.blocked_by:
            return
        now = time.monotonic()
        key = (room.id, user.id)
        if now - self._typed.get(key, 0.0) < TYPING_INTERVAL:
            return
        self._typed[key] = now
        self._typed.move_to_end(key)
        if len(self._typed) > KNOWN_TYPISTS:
            self._typed.popitem(last=False)
        self._events.user_typing(room, user.id)

    def _submit(
        self, user: User, room_id: str, client_id: str, data: str, kind: RoomKind | None
    ) -> Promise:
        """Hand over to the writer what may be said in a room.

        What is too much for a quota goes there too: it may repeat what is stored.
        """
        room, membership = self._require(user, room_id, kind)
        if not policies.may_post(room, membership):
            # A page may know a new admin before this memory of it does: refuse by what is true now.
            room, membership = self._memberships.require_fresh(user.id, room_id)
        policies.require_may_post(room, membership)
        for other in room.member_ids:  # of direct rooms
            policies.require_peer(self._memberships.is_member(other, room.id))
        policies.require_unblocked(room.blocked_by)  # after it: whoever has left blocks nobody
        now = self._clock()
        message = Message(
            id=new_id(),
            room_id=room.id,
            user_id=user.id,
            username=user.username,
            nickname=user.nickname,
            seq=0,
            client_id=client_id,
            data=data,
            created_at=now,
            updated_at=now,
        )
        refusal = self._quotas.find_refusal(size_of_text(data), user=user.id, room=room.id)
        return self._writer.submit(room, message, self._tell, refusal)

    def _tell(self, room: Room, message: Message) -> None:
        """Count what is stored, note that its sender has read it, and let all members hear it."""
        self._quotas.count(size_of_text(message.data), user=message.user_id, room=room.id)
        self._read_marks.advance(room.id, message.user_id, message.seq, message.id)
        self._events.message_created(room, message)

    def _require(self, user: User, room_id: str, kind: RoomKind | None) -> tuple[Room, Membership]:
        room, membership = self._memberships.require(user.id, room_id)
        if kind is not None and room.kind != kind:
            raise NotFound()
        return room, membership

    def _missed(
        self, room: Room, seq: int, message_id: str | None, *, ask: bool, read: bool
    ) -> tuple[RoomSync, bool]:
        """Return what came after `seq`, and whether the log was looked at for it.

        Where that would be too much for one answer, the client is told to ask again.
        """
        later = Page((), has_more=True)
        head = self._heads.read_lately(room) if ask else room.last_seq
        if seq > head and not ask:
            return RoomSync(later, head), False
        if seq > head:  # known here may be less than what another process has pushed meanwhile
            head = self._heads.read(room)
            if seq > head:
                return RoomSync(Page((), has_more=False), head, reset=True), False
        known_id = self._known_id(room, seq)
        is_known = message_id in (None, known_id) or seq == 0
        if seq == head and is_known:
            return RoomSync(Page((), has_more=False), head), False
        if not read:
            return RoomSync(later, head), False
        if not is_known and message_id != self._messages.ids_at(room.id, [seq]).get(seq):
            return RoomSync(Page((), has_more=False), head, reset=True), True
        if seq == head:
            return RoomSync(Page((), has_more=False), head), True
        page = self._page_after(room, seq, SYNC_PAGE)
        last = page.messages[-1].seq if page.messages else 0
        return RoomSync(page, max(head, last)), True

    def _known_id(self, room: Room, seq: int) -> str | None:
        """Return the id of the message at a place of a log where no look at it is needed."""
        last = room.last_message
        return last.id if last and last.seq == seq else self._heads.known_id(room.id, seq)

    def _page_after(self, room: Room, after_seq: int, limit: int) -> Page:
        found = self._messages.list_range(room.id, after_seq + 1, after_seq + limit + 1)
        return Page(tuple(self._usernames.sign(found[:limit])), has_more=len(found) > limit)
