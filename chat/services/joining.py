"""Joining groups: by number, by invitation, by an accepted request, or added by a manager."""

from __future__ import annotations

from collections.abc import Callable

from chat import policies
from chat.errors import NotFound, Removed
from chat.limits.limits import Limits
from chat.limits.rules import CHANGES, JOINS
from chat.models import Addition, Room, User
from chat.repositories.removals import RemovalRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.users import UserRepository
from chat.services.capacity import Capacity
from chat.services.membership_cache import MembershipCache
from chat.services.membership_requests import MembershipRequests
from chat.services.new_members import NewMembers


class Joining:
    """Checks who may join a group, and adds them."""

    def __init__(
        self,
        *,
        rooms: RoomRepository,
        users: UserRepository,
        removals: RemovalRepository,
        membership_cache: MembershipCache,
        requests: MembershipRequests,
        new_members: NewMembers,
        capacity: Capacity,
        limits: Limits,
    ) -> None:
        self._rooms = rooms
        self._users = users
        self._removals = removals
        self._membership_cache = membership_cache
        self._requests = requests
        self._new_members = new_members
        self._capacity = capacity
        self._limits = limits

    def join(self, user: User, number: str) -> Room:
        """Join the group of that number. Idempotent."""
        self._limits.count(JOINS, user.id)
        room = self._rooms.find_by_number(number)
        if room is None or (room.access != "number" and not self._is_in(room, user)):
            raise NotFound()
        self.enter(room, user)
        return room

    def enter(self, room: Room, user: User, spend_use: Callable[[], bool] = lambda: True) -> bool:
        """Add a user to a group on their own request; return whether they were not in it.

        Raises Removed for a user who was removed and not added again by name. `spend_use` is called
        last, so that only a user who enters spends a use; if it returns False, raises NotFound.
        """
        with self._membership_cache.lock_for_changes(room.id):
            if self._is_in(room, user):
                return False
            if self._removals.exists(room.id, user.id):
                raise Removed()
            self._capacity.require_capacity(room, user)
            if not spend_use():
                raise NotFound()
            return self._enter(room, user, by_name=False, by=user)

    def add_member(self, actor: User, room_id: str, username: str) -> Addition:
        """Add a user to a group, or send them a request if that needs their consent."""
        self._limits.count(CHANGES, actor.id)
        with self._membership_cache.lock_for_changes(room_id):
            room, membership = self._membership_cache.require_fresh(actor.id, room_id)
            policies.require_manager(room, membership)
            user = self._users.find_by_username(username)
            if user is None:
                raise NotFound()
            is_new = not self._is_in(room, user)
            if is_new:
                if self._requests.ask_if_needed(actor, room, user):
                    return Addition(user, None)
                self._capacity.require_capacity(room, user, by_others=True)
                self._removals.delete(room.id, user.id)
                is_new = self._enter(room, user, by_name=True, by=actor)
            membership = policies.require_member(self._membership_cache.find_fresh(room, user.id))
            return Addition(user, membership, is_new)

    def accept_request(self, user: User, request_id: str) -> Room:
        """Join the group of a membership request."""
        self._limits.count(JOINS, user.id)
        found = self._requests.require(user, request_id)
        room = found.room
        with self._membership_cache.lock_for_changes(room.id):
            if not self._is_in(room, user):
                self._capacity.require_capacity(room, user)
                self._requests.use_up(request_id)
                # A removal after the request, also by another process, still counts.
                self._removals.delete(room.id, user.id, before=found.created_at)
                if self._removals.exists(room.id, user.id):
                    raise Removed()
                self._enter(room, user, by_name=False, by=user)
        return room

    def _is_in(self, room: Room, user: User) -> bool:
        return self._membership_cache.find_fresh(room, user.id) is not None

    def _enter(self, room: Room, user: User, *, by_name: bool, by: User) -> bool:
        """Add a user to a group; return False when another process was first."""
        is_new = self._new_members.add_to_group(room, user, by_name=by_name, by=by)
        if is_new:
            self._requests.withdraw(room.id, user.id)
        return is_new
