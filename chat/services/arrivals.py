"""New members of rooms: each is stored first, and then everybody hears of them."""

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


class Arrivals:
    """Makes people members of rooms; whether they may is asked before."""

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

    def let_in(self, room: Room, users: Iterable[User], role: Role, *, by: User) -> None:
        """Let people into a room that `by` has made; those who are in it are told nothing."""
        entered = [
            user.id for user in users if self._memberships.insert(self._draft(room, user.id, role))
        ]
        if entered:
            self._entered(room, entered, by=by)

    def let_in_all(self, room: Room, user_ids: Iterable[str], *, by: User) -> None:
        """Let many into a group at once; they are told all the same if they were in it."""
        user_ids = list(user_ids)
        draft = self._draft(room, by.id, "member")
        for some in chunked(user_ids, CHUNK):
            self._memberships.insert_many([replace(draft, user_id=user_id) for user_id in some])
        self._entered(room, user_ids, by=by)

    def join(self, room: Room, user: User, *, by_name: bool, by: User) -> bool:
        """Make a user a member of a group; return False when another process was first.

        Raises Removed where they were removed, unless `by` adds them by name.
        """
        if not self._memberships.insert(self._draft(room, user.id, "member")):
            return False
        # Once more: they may have come and been removed since it was asked.
        if not by_name and self._removals.exists(room.id, user.id):
            self._leaving.remove(room, user.id)
            raise Removed()
        self._entered(room, [user.id], by=by)
        self._notifier.joined(room, user)
        return True

    def _entered(self, room: Room, user_ids: list[str], *, by: User) -> None:
        """Tell who has come; raise NotFound, with nobody in it, when the room has ended.

        The same for accounts that have ended; Unauthorized when it is that of the one who acts.
        An account is erased before its rooms are looked for, and somebody is in a room before they
        are looked for here: so either this or the removal of the account finds the membership.
        """
        now = self._membership_cache.touch(room.id)
        if now is None:
            for user_id in user_ids:
                self._memberships.delete(room.id, user_id)
            raise NotFound()
        gone = set(user_ids) - self._users.list_by_ids(user_ids).keys()
        if gone:
            for user_id in user_ids if room.kind == "direct" else gone:
                self._leaving.leave_for_good(user_id, room.id)
            raise Unauthorized() if by.id in gone else NotFound()
        self._notifier.entered(now, user_ids)

    def _draft(self, room: Room, user_id: str, role: Role) -> Membership:
        """Return a new membership; what was said before counts as read."""
        return Membership(
            room_id=room.id,
            user_id=user_id,
            role=role,
            last_read_seq=self._room_log.end(room),
            muted=False,
            created_at=self._clock(),
        )
