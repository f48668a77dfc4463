"""Sending messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from cachetools import LRUCache

from chat.errors import ChatError, InvalidInput, NotFound, PeerLeft
from chat.ids import new_id
from chat.limits.limits import Limits
from chat.limits.rules import MESSAGES
from chat.log.futures import StoredFuture
from chat.log.room_log import RoomLog
from chat.models import File, Message, Quote, Room, RoomKind, User
from chat.services.direct_rooms import DirectRooms
from chat.services.membership_cache import MembershipCache
from chat.services.mentions import MentionFinder
from chat.services.quotas import Quotas
from chat.text.sizes import size_of_text

KNOWN_PAIRS = 10_000  # of users, with a cached direct room


class Sent(NamedTuple):
    """What the client says of a new message."""

    client_id: str
    data: str
    reply_to: int | None
    file_ids: tuple[str, ...]


class FileClaims(Protocol):
    """Reserves uploaded files for one message."""

    def claim(
        self, room: Room, user: User, client_id: str, file_ids: Sequence[str]
    ) -> tuple[File, ...]:
        """Reserve the user's files in the room for the message with that `client_id`.

        Repeating the call is no error. Raises InvalidInput for files that are unknown, of
        somebody else, of another room or of another message.
        """


class MessageService:
    """Checks who may send a message to a room, and appends it to the room's log."""

    def __init__(
        self,
        *,
        room_log: RoomLog,
        membership_cache: MembershipCache,
        direct_rooms: DirectRooms,
        limits: Limits,
        quotas: Quotas,
        mentions: MentionFinder,
        files: FileClaims,
        clock: Callable[[], int],
    ) -> None:
        self._room_log = room_log
        self._membership_cache = membership_cache
        self._direct_rooms = direct_rooms
        self._limits = limits
        self._quotas = quotas
        self._mentions = mentions
        self._files = files
        self._clock = clock
        # Direct room ids by the sender's id and the recipient's username in lower case.
        self._known_pairs: LRUCache[tuple[str, str], str] = LRUCache(KNOWN_PAIRS)

    def send(
        self,
        user: User,
        room_id: str,
        client_id: str,
        data: str,
        reply_to: int | None = None,
        files: tuple[str, ...] = (),
        kind: RoomKind | None = None,
    ) -> StoredFuture:
        """Append a message to a room of that kind; None is any kind.

        `reply_to` is the seq of the message that it replies to; `files` are ids of uploaded files.
        """
        self._limits.count(MESSAGES, user.id)
        return self._submit(user, room_id, Sent(client_id, data, reply_to, files), kind)

    def send_direct(
        self,
        user: User,
        client_id: str,
        data: str,
        to: str | None,
        room_id: str | None,
        reply_to: int | None = None,
        files: tuple[str, ...] = (),
    ) -> StoredFuture:
        """Append a message to the direct room with the user `to`, or with that id."""
        self._limits.count(MESSAGES, user.id)
        sent = Sent(client_id, data, reply_to, files)
        if to is None:
            return self._submit(user, room_id or "", sent, "direct")
        key = (user.id, to.lower())
        known = self._known_pairs.get(key)
        if known is not None:
            try:
                return self._submit(user, known, sent, "direct")
            except (NotFound, PeerLeft):
                # A username never changes, but after a deletion another account may have it.
                self._known_pairs.pop(key, None)
        room, _ = self._direct_rooms.direct_with(user, to, field="to")
        self._known_pairs[key] = room.id
        return self._submit(user, room.id, sent, "direct")

    def _submit(self, user: User, room_id: str, sent: Sent, kind: RoomKind | None) -> StoredFuture:
        """Append a message if the user may post there.

        A message over a quota, to a message that is not there any more, or with files that are
        gone, goes to the log with its refusal, because it may repeat a stored one.
        """
        room, membership = self._membership_cache.require_may_post(user.id, room_id, kind)
        quote: Quote | None = None
        refusal: ChatError | None = None
        if sent.reply_to is not None:
            quote = self._room_log.find_quote(room.id, sent.reply_to)
            if quote.deleted:
                refusal = InvalidInput({"reply_to": ["invalid.no_message"]})
        size = size_of_text(sent.data)
        refusal = refusal or self._quotas.find_refusal(size, user=user.id, room=room.id)
        files: tuple[File, ...] = ()
        if sent.file_ids and not refusal:
            try:
                files = self._files.claim(room, user, sent.client_id, sent.file_ids)
            except InvalidInput as error:
                refusal = error
        now = self._clock()
        message = Message(
            id=new_id(),
            room_id=room.id,
            user_id=user.id,
            username=user.username,
            nickname=user.nickname,
            seq=0,
            client_id=sent.client_id,
            data=sent.data,
            created_at=now,
            updated_at=now,
            mentions=self._mentions.find(room, membership, sent.data),
            reply_to=sent.reply_to,
            reply_to_id=quote.message_id if quote else None,
            quote=quote,
            files=files,
        )
        return self._room_log.append(room, message, refusal)
