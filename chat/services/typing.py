"""Telling the other members of a room that someone types."""

from __future__ import annotations

from cachetools import TTLCache

from chat import policies
from chat.models import RoomKind, User
from chat.services.events import Events
from chat.services.membership_cache import MembershipCache

INTERVAL = 3.0  # seconds between two pushes that the same person types in the same room
KNOWN_TYPISTS = 10_000


class Typing:
    """Who types where; nothing of it is stored."""

    def __init__(self, membership_cache: MembershipCache, events: Events) -> None:
        self._membership_cache = membership_cache
        self._events = events
        # By room and user: whoever is in it was told of within the interval.
        self._told: TTLCache[tuple[str, str], None] = TTLCache(KNOWN_TYPISTS, INTERVAL)

    def tell(self, user: User, room_id: str, kind: RoomKind) -> None:
        """Tell the other members that someone types, once in a while; no one is told of a block."""
        room, membership = self._membership_cache.require_of_kind(user.id, room_id, kind)
        policies.require_may_post(room, membership)
        key = (room.id, user.id)
        if room.blocked_by or key in self._told:
            return
        self._told[key] = None
        self._events.user_typing(room, user.id)
