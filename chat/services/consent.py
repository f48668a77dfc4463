"""Whether a user must consent before another user adds them to a group."""

from __future__ import annotations

from chat.errors import RateLimited
from chat.limits.limits import Limits
from chat.limits.rules import ADDITIONS
from chat.models import User
from chat.repositories.memberships import MembershipRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository


class Consent:
    """Users who share a room can add each other a few times a day; strangers need consent."""

    def __init__(
        self,
        rooms: RoomRepository,
        memberships: MembershipRepository,
        messages: MessageRepository,
        limits: Limits,
    ) -> None:
        self._rooms = rooms
        self._memberships = memberships
        self._messages = messages
        self._limits = limits

    def is_needed(self, actor: User, user: User) -> bool:
        """Return whether a user must be asked before `actor` adds them to a group.

        If not, this counts towards the daily limit of additions of that user.
        """
        if not self._share_a_room(actor.id, user.id):
            return True
        try:
            self._limits.count(ADDITIONS, user.id)
        except RateLimited:
            return True
        return False

    def _share_a_room(self, actor_id: str, user_id: str) -> bool:
        """Return whether two users share a group, or a direct room in which `user_id` has written.

        Anybody can open a direct room with anybody, so an unanswered one proves no acquaintance.
        """
        rooms = self._memberships.list_rooms_of_users([actor_id, user_id])
        shared = set(rooms.get(actor_id, ())) & set(rooms.get(user_id, ()))
        direct = self._rooms.find_direct(actor_id, user_id) if shared else None
        if direct is None:
            return bool(shared)
        return bool(shared - {direct.id}) or self._messages.has_written(direct.id, user_id)
