"""Adding members to rooms: the membership is stored first, then announced."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from chat.chunks import CHUNK, chunked
from chat.errors import NotFound, Removed, Unauthorized
from chat.log.room_log import RoomLog
from chat.models import Membership, Role, Room, User
from chat.repositories.memberships import MembershipRepository
from chat.repositories.removals import RemovalRepository
from chat.repositories.users import UserRepository
from chat.services.leaving import Leaving
from chat.services.membership_cache import MembershipCache
from chat.services.room_notifier import RoomNotifier


class NewMembers:
    """Adds members to rooms. Callers check first whether a person may enter."""

    def __init__(
        self,
        *,
        memberships: MembershipRepository,
        users: UserRepository,
        removals: RemovalRepository,
        membership_cache: MembershipCache,
        room_log: RoomLog,
        leaving: Leaving,
        notifier: RoomNotifier,
        clock: Callable[[], int],
    ) -> None:
        self._memberships = memberships
        self._users = users
        self._removals = removals
        self._membership_cache = membership_cache
        self._room_log = room_log
        self._leaving = leaving
        self._notifier = notifier
        self._clock = clock

    def add_to_room(self, room: Room, users: Iterable[User], role: Role, *, by: User) -> None:
        """Add users to a room that `by` created; announce it to those who were not in it."""
        entered = [
            user.id for user in users if self._memberships.insert(self._draft(room, user.id, role))
        ]
        if entered:
            self._announce(room, entered, by=by)

    def add_many_to_group(self, room: Room, user_ids: Iterable[str], *, by: User) -> None:
        """Add many users to a group at once; announce it to all, members included."""
        user_ids = list(user_ids)
        draft = self._draft(room, by.id, "member")
        for some in chunked(user_ids, CHUNK):
            self._memberships.insert_many([replace(draft, user_id=user_id) for user_id in some])
        self._announce(room, user_ids, by=by)

    def add_to_group(self, room: Room, user: User, *, by_name: bool, by: User) -> bool:
        """Add a user to a group; return False when another process was first.

        Raises Removed for a user who was removed before, unless `by` adds them by name.
        """
        if not self._memberships.insert(self._draft(room, user.id, "member")):
            return False
        # The caller checked this too, but the user may have entered and been removed since then.
        if not by_name and self._removals.exists(room.id, user.id):
            self._leaving.remove(room, user.id)
            raise Removed()
        self._announce(room, [user.id], by=by)
        self._notifier.joined(room, user)
        return True

    def _announce(self, room: Room, user_ids: list[str], *, by: User) -> None:
        """Announce new members, or undo the insert when the room or an account is deleted.

        Raises NotFound, and Unauthorized when the deleted account is that of `by`. The removal of
        an account erases the account first and then searches its rooms. Here the membership is
        stored first and then the account searched. So one of the two always finds the membership.
        """
        now = self._membership_cache.touch(room.id)
        if now is None:
            for user_id in user_ids:
                self._memberships.delete(room.id, user_id)
            raise NotFound()
        gone = set(user_ids) - self._users.list_by_ids(user_ids).keys()
        if gone:
            for user_id in user_ids if room.kind == "direct" else gone:
                self._leaving.remove_deleted_account(user_id, room.id)
            raise Unauthorized() if by.id in gone else NotFound()
        self._notifier.entered(now, user_ids)

    def _draft(self, room: Room, user_id: str, role: Role) -> Membership:
        """Return a new membership; earlier messages count as read."""
        return Membership(
            room_id=room.id,
            user_id=user_id,
            role=role,
            last_read_seq=self._room_log.last_seq(room),
            created_at=self._clock(),
        )
