"""Leaving rooms."""

from __future__ import annotations

from collections.abc import Iterator

from chat import policies
from chat.errors import NotFound, Unavailable
from chat.models import Room, RoomKind, User
from chat.repositories.memberships import MembershipRepository
from chat.repositories.outages import is_outage
from chat.repositories.removals import RemovalRepository
from chat.repositories.room_invitations import RoomInvitationRepository
from chat.repositories.rooms import RoomRepository
from chat.services.membership_cache import TRIES, MembershipCache
from chat.services.roles import Roles
from chat.services.room_notifier import RoomNotifier
from chat.services.room_removal import RoomRemoval


class Leaving:
    """Ends memberships. A group passes to an heir of its owner; a room without members ends."""

    def __init__(
        self,
        *,
        rooms: RoomRepository,
        memberships: MembershipRepository,
        removals: RemovalRepository,
        invitations: RoomInvitationRepository,
        membership_cache: MembershipCache,
        roles: Roles,
        removal: RoomRemoval,
        notifier: RoomNotifier,
    ) -> None:
        self._rooms = rooms
        self._memberships = memberships
        self._removals = removals
        self._invitations = invitations
        self._membership_cache = membership_cache
        self._roles = roles
        self._removal = removal
        self._notifier = notifier

    def leave(self, user: User, room_id: str, kind: RoomKind | None = None) -> Room:
        """Leave a group; if its owner was the only member, the group is deleted."""
        with self._membership_cache.lock_for_changes(room_id):
            for _ in range(TRIES):
                room, membership = self._membership_cache.require_fresh(user.id, room_id)
                if kind is not None and room.kind != kind:
                    raise NotFound()
                is_owner = membership.role == "owner"
                count = self._memberships.count_of_room(room.id) if is_owner else 0
                policies.require_may_leave(room, membership, count)
                # Before the removal, because later messages are not for the user who leaves.
                left = self._notifier.with_present_tail(room)
                if is_owner:
                    is_done = self._removal.remove(room, user.id, unchanged=True)
                else:
                    is_done = self.remove(room, user.id)
                if is_done:
                    return left
        raise Unavailable()

    def leave_all(self, user_id: str) -> Iterator[str]:
        """Take a deleted account out of all its rooms; yield the id of each.

        Its groups pass to another member, or end when there is none. In a direct room the other
        member stays; the room ends when both are gone. A failure in one room does not stop the
        others: the first one is raised at the end. Idempotent.
        """
        room_ids = {membership.room_id for membership in self._memberships.list_of_user(user_id)}
        # A process may have died after it created a group and before it added the owner.
        room_ids.update(self._rooms.list_ids_of_owner(user_id))
        failure: Exception | None = None
        for room_id in room_ids:
            try:
                with self._membership_cache.lock_for_changes(room_id):
                    self.remove_deleted_account(user_id, room_id)
            except Exception as error:
                if is_outage(error):
                    raise
                failure = failure or error
            yield room_id
        self._removals.delete_of_user(user_id)
        if failure is not None:
            raise failure

    def remove_deleted_account(self, user_id: str, room_id: str) -> None:
        """Take a deleted account out of one room."""
        for _ in range(TRIES):
            membership = self._memberships.find(room_id, user_id)
            room = self._rooms.find(room_id)
            # The owner may be no member, if a process died in between.
            if room is not None and room.owner_id == user_id:
                if not self._roles.transfer_ownership(room) and self._removal.remove(
                    room, user_id, unchanged=True
                ):
                    return
            elif membership is None or room is None:  # out already, or the room is deleted
                self._memberships.delete(room_id, user_id)
                return
            elif self.remove(room, user_id):
                if room.kind == "direct":
                    self._end_empty(room_id, user_id)
                return
        raise Unavailable()

    def remove(self, room: Room, user_id: str) -> bool:
        """Remove a member who was not the owner; return False if they are the owner by now.

        A change of owner is written only if nobody has left since it read the room. So either it
        sees this removal, or this removal sees the new owner.
        """
        removed = self._memberships.take(room.id, user_id)
        try:
            now = self._membership_cache.touch(room.id)
        except Exception:
            # They get no more pushes from here on, even when the database fails now.
            self._notifier.left(room, user_id)
            raise
        if removed is not None and now is not None and now.owner_id == user_id:
            self._memberships.insert(removed)
            self._membership_cache.touch(room.id)
            return False
        self._notifier.left(room, user_id)
        if removed is not None and removed.role != "member":
            self._invitations.delete_by_user(room.id, user_id)
        return True

    def _end_empty(self, room_id: str, user_id: str) -> None:
        """Delete a direct room when the accounts of both members are deleted."""
        room = self._rooms.find(room_id)
        if room is not None and self._memberships.count_of_room(room_id) == 0:
            self._removal.remove(room, user_id, unchanged=True)
