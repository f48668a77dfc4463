"""A member's own settings of a room: notifications, and its place in the list."""

from __future__ import annotations

from chat import policies
from chat.errors import TooManyPinnedRooms
from chat.limits.limits import Limits
from chat.limits.rules import CHANGES
from chat.log.room_log import RoomLog
from chat.models import Conversation, Notify, User
from chat.repositories.memberships import MembershipRepository
from chat.services.conversations import ConversationService
from chat.services.events import Events
from chat.services.membership_cache import MembershipCache

MAX_PINNED_ROOMS = 100  # of a user


class RoomSettings:
    """Changes a member's own settings of a room, and pushes them to the member's other clients."""

    def __init__(
        self,
        memberships: MembershipRepository,
        membership_cache: MembershipCache,
        conversations: ConversationService,
        room_log: RoomLog,
        limits: Limits,
        events: Events,
    ) -> None:
        self._memberships = memberships
        self._membership_cache = membership_cache
        self._conversations = conversations
        self._room_log = room_log
        self._limits = limits
        self._events = events

    def set_notify(self, user: User, room_id: str, notify: Notify) -> Conversation:
        """Choose of which messages of a room a member is notified."""
        self._limits.count(CHANGES, user.id)
        self._membership_cache.require(user.id, room_id)
        self._memberships.update_notify(room_id, user.id, notify)
        return self._publish(user, room_id)

    def set_muted(self, user: User, room_id: str, muted: bool) -> Conversation:
        """Turn a member's notifications of a room off, or all of them on."""
        return self.set_notify(user, room_id, "none" if muted else "all")

    def set_hidden(self, user: User, room_id: str, hidden: bool) -> Conversation:
        """Hide a direct room from a member's list until its next message, or show it again."""
        self._limits.count(CHANGES, user.id)
        room, _ = self._membership_cache.require(user.id, room_id)
        policies.require_direct(room)
        seq = self._room_log.last_seq(room) if hidden else -1
        self._memberships.update_hidden(room_id, user.id, seq)
        return self._publish(user, room_id)

    def set_pinned(self, user: User, room_id: str, pinned: bool) -> Conversation:
        """Pin a room to the top of a member's list, or unpin it."""
        self._limits.count(CHANGES, user.id)
        _, membership = self._membership_cache.require(user.id, room_id)
        if pinned and not membership.pinned:
            if self._memberships.count_pinned(user.id) >= MAX_PINNED_ROOMS:
                raise TooManyPinnedRooms()
        self._memberships.update_pinned(room_id, user.id, pinned)
        return self._publish(user, room_id)

    def _publish(self, user: User, room_id: str) -> Conversation:
        self._membership_cache.forget(room_id)
        conversation = self._conversations.get(user, room_id)
        self._events.room_settings_changed(conversation)
        return conversation
