"""Typing notifications."""

from __future__ import annotations

from cachetools import TTLCache

from chat import policies
from chat.models import RoomKind, User
from chat.services.events import Events
from chat.services.membership_cache import MembershipCache

INTERVAL = 3.0  # seconds between two pushes for the same user in the same room
KNOWN_TYPISTS = 10_000


class Typing:
    """Publishes typing notifications; stores nothing."""

    def __init__(self, membership_cache: MembershipCache, events: Events) -> None:
        self._membership_cache = membership_cache
        self._events = events
        # Rooms and users whose notification was pushed within the interval.
        self._told: TTLCache[tuple[str, str], None] = TTLCache(KNOWN_TYPISTS, INTERVAL)

    def notify(self, user: User, room_id: str, kind: RoomKind) -> None:
        """Push to the other members that the user types, at most once in INTERVAL.

        A direct room with a block gets no push and no error, which would reveal the block.
        """
        room, membership = self._membership_cache.require_of_kind(user.id, room_id, kind)
        policies.require_may_post(room, membership)
        key = (room.id, user.id)
        if room.blocked_by or key in self._told:
            return
        self._told[key] = None
        self._events.user_typing(room, user.id)
