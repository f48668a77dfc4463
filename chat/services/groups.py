"""Creating, updating and deleting groups; an operator deletes direct rooms too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chat import policies
from chat.errors import NotFound, Unavailable
from chat.limits.limits import Limits
from chat.limits.rules import CHANGES, ROOMS
from chat.models import Room, User
from chat.repositories.rooms import RoomRepository
from chat.services.audit import Audit
from chat.services.capacity import Capacity
from chat.services.membership_cache import TRIES, MembershipCache
from chat.services.new_members import NewMembers
from chat.services.room_notifier import RoomNotifier
from chat.services.room_removal import RoomRemoval


class Groups:
    """The verbs about whole groups."""

    def __init__(
        self,
        *,
        rooms: RoomRepository,
        membership_cache: MembershipCache,
        new_members: NewMembers,
        capacity: Capacity,
        removal: RoomRemoval,
        notifier: RoomNotifier,
        limits: Limits,
        audit: Audit,
    ) -> None:
        self._rooms = rooms
        self._membership_cache = membership_cache
        self._new_members = new_members
        self._capacity = capacity
        self._removal = removal
        self._notifier = notifier
        self._limits = limits
        self._audit = audit

    def create_group(self, user: User, name: str, info: str = "") -> Room:
        """Create a group that the user owns."""
        self._limits.count(ROOMS, user.id)
        self._capacity.require_group_capacity(user)
        room = self._rooms.insert_group(user.id, name, info)
        self._new_members.add_to_room(room, [user], "admin", by=user)
        return room

    def gather(self, owner: User, name: str, members: Iterable[User]) -> Room:
        """Return the owner's group of that name, created if missing, with `members` added.

        For demos and tests: adds many at once, without an event for each.
        """
        room = self._rooms.find_group_of(owner.id, name) or self.create_group(owner, name)
        ids = [member.id for member in members if member.id != owner.id]
        self._new_members.add_many_to_group(room, ids, by=owner)
        return room

    def update(self, user: User, room_id: str, changes: Mapping[str, str]) -> Room:
        """Change the name, info, picture, access or posting of a group."""
        self._limits.count(CHANGES, user.id)
        room, membership = self._membership_cache.require_fresh(user.id, room_id)
        policies.require_manager(room, membership)
        changed = self._notifier.updated(self._rooms.update(room_id, changes))
        if changed.access != room.access:
            self._audit.record("access_changed", user.id, room_id=room.id, detail=changed.access)
        if changed.posting != room.posting:
            self._audit.record("posting_changed", user.id, room_id=room.id, detail=changed.posting)
        return changed

    def renew_number(self, user: User, room_id: str) -> Room:
        """Give a group a new number; the old one is invalid from then on."""
        self._limits.count(CHANGES, user.id)
        room, membership = self._membership_cache.require_fresh(user.id, room_id)
        policies.require_manager(room, membership)
        changed = self._notifier.updated(self._rooms.renew_number(room.id))
        self._audit.record("number_renewed", user.id, room_id=room.id)
        return changed

    def delete(self, user: User, room_id: str) -> None:
        """Delete a group with all its messages."""
        with self._membership_cache.lock_for_changes(room_id):
            for _ in range(TRIES):
                room, membership = self._membership_cache.require_fresh(user.id, room_id)
                policies.require_owner(room, membership)
                if self._removal.remove(room, user.id, unchanged=False):
                    return
        raise Unavailable()

    def end(self, room_id: str, actor_id: str) -> None:
        """Delete a room of any kind for an operator; raise NotFound when it is deleted already."""
        with self._membership_cache.lock_for_changes(room_id):
            for _ in range(TRIES):
                room = self._rooms.find(room_id)
                if room is None:
                    raise NotFound()
                if self._removal.remove(room, actor_id, unchanged=False):
                    return
        raise Unavailable()
