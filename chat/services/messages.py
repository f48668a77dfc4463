"""Saying something."""

from __future__ import annotations

from collections.abc import Callable

from cachetools import LRUCache

from chat.errors import NotFound, PeerLeft
from chat.ids import new_id
from chat.limits.limits import Limits
from chat.limits.rules import MESSAGES
from chat.log.futures import StoredFuture
from chat.log.room_log import RoomLog
from chat.models import Message, RoomKind, User
from chat.services.direct_rooms import DirectRooms
from chat.services.membership_cache import MembershipCache
from chat.services.quotas import Quotas
from chat.text.sizes import size_of_text

KNOWN_PAIRS = 10_000  # whose direct room is found without asking


class MessageService:
    """Who may say something in a room."""

    def __init__(
        self,
        *,
        room_log: RoomLog,
        membership_cache: MembershipCache,
        direct_rooms: DirectRooms,
        limits: Limits,
        quotas: Quotas,
        clock: Callable[[], int],
    ) -> None:
        self._room_log = room_log
        self._membership_cache = membership_cache
        self._direct_rooms = direct_rooms
        self._limits = limits
        self._quotas = quotas
        self._clock = clock
        # Ids of rooms, by the one who writes and the name they write to.
        self._known_pairs: LRUCache[tuple[str, str], str] = LRUCache(KNOWN_PAIRS)

    def send(
        self, user: User, room_id: str, client_id: str, data: str, kind: RoomKind | None = None
    ) -> StoredFuture:
        """Admit a message to a room (of that kind) and return the future of the stored one."""
        self._limits.count(MESSAGES, user.id)
        return self._submit(user, room_id, client_id, data, kind)

    def send_direct(
        self, user: User, client_id: str, data: str, to: str | None, room_id: str | None
    ) -> StoredFuture:
        """Admit a message to the room shared with `to`, or to a direct room by its id."""
        self._limits.count(MESSAGES, user.id)
        if to is None:
            return self._submit(user, room_id or "", client_id, data, "direct")
        key = (user.id, to.lower())
        known = self._known_pairs.get(key)
        if known is not None:
            try:
                return self._submit(user, known, client_id, data, "direct")
            except (NotFound, PeerLeft):
                # Nobody's username changes, but whoever had this one is gone. Another may have it.
                self._known_pairs.pop(key, None)
        room, _ = self._direct_rooms.direct_with(user, to, field="to")
        self._known_pairs[key] = room.id
        return self._submit(user, room.id, client_id, data, "direct")

    def _submit(
        self, user: User, room_id: str, client_id: str, data: str, kind: RoomKind | None
    ) -> StoredFuture:
        """Hand over to the writer what may be said in a room.

        What is too much for a quota goes there too: it may repeat what is stored.
        """
        room = self._membership_cache.require_may_post(user.id, room_id, kind)
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
        return self._room_log.append(room, message, refusal)
