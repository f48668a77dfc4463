"""Invitations to groups: the bearer of a token may enter while the invitation is valid.

The owner and the admins of a group create them. An invitation is valid until it expires, is used up
or is revoked, and only while its creator is the owner or an admin.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable

from chat import policies
from chat.errors import Conflict, NotFound
from chat.keyed_locks import KeyedLocks
from chat.limits.limits import Limits
from chat.limits.rules import CHANGES, JOINS
from chat.models import Invited, Room, RoomInvitation, User
from chat.repositories.room_invitations import RoomInvitationRepository
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.invitation_tokens import InvitationTokens
from chat.services.joining import Joining
from chat.services.membership_cache import MembershipCache
from chat.tokens import hash_token, new_token

MAX_INVITATIONS = 50  # valid ones of a group


class TooManyInvitations(Conflict):
    """The group has as many invitations as allowed."""

    text_key = "error.too_many_invitations"


class RoomInvitationService:
    """Creates, lists and revokes invitations, and adds users who accept one."""

    def __init__(
        self,
        *,
        invitations: RoomInvitationRepository,
        tokens: InvitationTokens,
        users: UserRepository,
        membership_cache: MembershipCache,
        joining: Joining,
        limits: Limits,
        audit: Audit,
        clock: Callable[[], int],
    ) -> None:
        self._invitations = invitations
        self._tokens = tokens
        self._users = users
        self._membership_cache = membership_cache
        self._joining = joining
        self._limits = limits
        self._audit = audit
        self._clock = clock
        self._locks = KeyedLocks()  # by room, so that concurrent calls cannot exceed the bound

    def create(
        self, user: User, room_id: str, *, expires_in: int, uses: int
    ) -> tuple[RoomInvitation, str]:
        """Return a new invitation, valid for `expires_in` seconds, and its token, shown once."""
        self._limits.count(CHANGES, user.id)
        with self._locks.lock_for(room_id):
            self._require_manager(user, room_id)
            now = self._clock()
            if len(self._invitations.list_of_room(room_id, now)) >= MAX_INVITATIONS:
                raise TooManyInvitations()
            token = new_token()
            invitation = self._invitations.insert(
                room_id=room_id,
                user_id=user.id,
                token_hash=hash_token(token),
                uses=uses,
                now=now,
                expires_at=now + expires_in * 1000,
            )
        self._audit.record("invitation_made", user.id, room_id=room_id, detail=invitation.id)
        return invitation, token

    def list(self, user: User, room_id: str) -> builtins.list[tuple[RoomInvitation, User]]:
        """Return the valid invitations of a group with their creators, the oldest first."""
        self._require_manager(user, room_id)
        found = self._invitations.list_of_room(room_id, self._clock())
        makers = self._users.list_by_ids({invitation.user_id for invitation in found})
        return [(one, makers[one.user_id]) for one in found if one.user_id in makers]

    def revoke(self, user: User, room_id: str, invitation_id: str) -> None:
        """Revoke an invitation; its token is invalid from then on."""
        self._limits.count(CHANGES, user.id)
        self._require_manager(user, room_id)
        if not self._invitations.delete(room_id, invitation_id):
            raise NotFound()
        self._audit.record("invitation_revoked", user.id, room_id=room_id, detail=invitation_id)

    def preview(self, user: User, token: str) -> Invited:
        """Return the group and the creator of an invitation; raises as `accept` does."""
        self._limits.count(JOINS, user.id)
        invitation, room, is_member = self._tokens.require_good(user, token)
        invited_by = self._users.find(invitation.user_id)
        if invited_by is None:
            raise NotFound()
        return Invited(room, self._membership_cache.count(room.id), invited_by, is_member)

    def accept(self, user: User, token: str) -> Room:
        """Join a group by a token and return it; a member spends no use.

        Raises NotFound for an invalid token, whatever the reason, and Removed for a user who was
        removed from the group.
        """
        self._limits.count(JOINS, user.id)
        invitation, room, _ = self._tokens.require_good(user, token)
        if self._joining.enter(room, user, lambda: self._tokens.spend_use(invitation, user)):
            self._audit.record(
                "invitation_used",
                user.id,
                target_id=invitation.user_id,
                room_id=room.id,
                detail=invitation.id,
            )
        return room

    def _require_manager(self, user: User, room_id: str) -> None:
        room, membership = self._membership_cache.require_fresh(user.id, room_id)
        policies.require_manager(room, membership)
