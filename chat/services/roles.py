"""Roles in groups: changing them, and passing on ownership."""

from __future__ import annotations

from dataclasses import replace

from chat import policies
from chat.errors import NotFound, Unavailable
from chat.limits.limits import Limits
from chat.limits.rules import CHANGES
from chat.models import Membership, Role, Room, User
from chat.repositories.memberships import MembershipRepository
from chat.repositories.room_invitations import RoomInvitationRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.membership_cache import TRIES, MembershipCache
from chat.services.room_notifier import RoomNotifier


class Roles:
    """Sets roles, and transfers ownership."""

    def __init__(
        self,
        *,
        rooms: RoomRepository,
        memberships: MembershipRepository,
        users: UserRepository,
        invitations: RoomInvitationRepository,
        membership_cache: MembershipCache,
        limits: Limits,
        notifier: RoomNotifier,
        audit: Audit,
    ) -> None:
        self._rooms = rooms
        self._memberships = memberships
        self._users = users
        self._invitations = invitations
        self._membership_cache = membership_cache
        self._limits = limits
        self._notifier = notifier
        self._audit = audit

    def set_role(
        self, actor: User, room_id: str, user_id: str, role: Role
    ) -> tuple[User, Membership]:
        """Set a member's role; the role owner transfers the group to them."""
        self._limits.count(CHANGES, actor.id)
        with self._membership_cache.lock_for_changes(room_id):
            for _ in range(TRIES):
                room, membership = self._membership_cache.require_fresh(actor.id, room_id)
                policies.require_owner(room, membership)
                target = policies.require_member(self._membership_cache.find_fresh(room, user_id))
                user = self._users.find(user_id)
                if user is None:
                    raise NotFound()
                policies.require_may_set_role(room, membership, target, role)
                if target.role == role or self._change_role(room, actor, user, role):
                    return user, replace(target, role=role)
        raise Unavailable()

    def transfer_ownership(self, room: Room) -> bool:
        """Transfer a group whose owner leaves or has left to an heir; return False if none."""
        others = [
            policies.resolve_role(room, one)
            for one in self._memberships.list_of_room(room.id)
            if one.user_id != room.owner_id
        ]
        living = self._users.list_by_ids(one.user_id for one in others)
        disabled = {user_id for user_id, user in living.items() if user.disabled_at is not None}
        heir = policies.choose_next_owner(
            (one for one in others if one.user_id in living), disabled
        )
        if heir is None:
            return False
        changed = self._rooms.change_owner(room, heir.user_id)
        if changed is not None:
            self._record_role(room.owner_id or "", heir.user_id, room, "owner")
            self._notifier.updated(changed)
        return True

    def _change_role(self, room: Room, actor: User, target: User, role: Role) -> bool:
        """Write a role; return False if the room has changed and must be read again."""
        if not self._rooms.confirm_owner(room):
            return False
        if role == "owner":
            # Make the old owner an admin first, so that a crash in between costs nobody a role.
            self._memberships.update_role(room.id, actor.id, "admin")
            changed = self._rooms.change_owner(room, target.id)
        elif self._memberships.update_role(room.id, target.id, role):
            if role == "member":
                self._invitations.delete_by_user(room.id, target.id)
            changed = self._rooms.update(room.id, {})  # makes other processes reload the role
        else:
            return False
        if changed is None:
            return False
        self._record_role(actor.id, target.id, room, role)
        self._notifier.updated(changed)
        return True

    def _record_role(self, actor_id: str, target_id: str, room: Room, role: Role) -> None:
        self._audit.record(
            "role_changed", actor_id, target_id=target_id, room_id=room.id, detail=role
        )
