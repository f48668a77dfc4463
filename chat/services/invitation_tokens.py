"""Checking the token of an invitation to a group."""

from __future__ import annotations

from collections.abc import Callable

from chat import policies
from chat.errors import NotFound, Removed
from chat.models import Room, RoomInvitation, User
from chat.repositories.removals import RemovalRepository
from chat.repositories.room_invitations import RoomInvitationRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.users import UserRepository
from chat.services.membership_cache import MembershipCache
from chat.tokens import hash_token


class InvitationTokens:
    """Finds invitations by their tokens, and counts their uses."""

    def __init__(
        self,
        *,
        invitations: RoomInvitationRepository,
        removals: RemovalRepository,
        rooms: RoomRepository,
        users: UserRepository,
        membership_cache: MembershipCache,
        clock: Callable[[], int],
    ) -> None:
        self._invitations = invitations
        self._removals = removals
        self._rooms = rooms
        self._users = users
        self._membership_cache = membership_cache
        self._clock = clock

    def require_good(self, user: User, token: str) -> tuple[RoomInvitation, Room, bool]:
        """Return the invitation and group of a token, and whether the user is a member already.

        Raises NotFound for an invalid token, whatever the reason, and Removed for a user who was
        removed from the group.
        """
        invitation = self._invitations.find_by_hash(hash_token(token), self._clock())
        room = self._rooms.find(invitation.room_id) if invitation else None
        if invitation is None or room is None:
            raise NotFound()
        maker = self._membership_cache.find_fresh(room, invitation.user_id)
        if maker is None or not policies.is_manager(room, maker):
            raise NotFound()
        user_who_invites = self._users.find(invitation.user_id)
        if user_who_invites is None or user_who_invites.disabled_at is not None:
            raise NotFound()
        is_member = self._membership_cache.find_fresh(room, user.id) is not None
        if not is_member:
            if not invitation.uses_left and user.id not in invitation.used_by:
                raise NotFound()
            if self._removals.exists(room.id, user.id):
                raise Removed()
        return invitation, room, is_member

    def spend_use(self, invitation: RoomInvitation, user: User) -> bool:
        """Spend a use for a user; return whether there was one left."""
        return self._invitations.spend_use(invitation.id, user.id, self._clock())
