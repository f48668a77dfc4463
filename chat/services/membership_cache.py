"""A cache of rooms and their members, so that sending costs no additional queries."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Container, Iterable
from dataclasses import dataclass, field

from cachetools import LRUCache

from chat.concurrency import cooperatively
from chat.errors import NotFound
from chat.keyed_locks import KeyedLocks
from chat.models import Membership, Room, RoomKind
from chat.policies import (
    may_post,
    require_may_post,
    require_member,
    require_peer,
    require_unblocked,
    resolve_role,
)
from chat.repositories.memberships import MembershipRepository
from chat.repositories.rooms import RoomRepository

MAX_AGE = 4.0  # seconds for which an entry is trusted after it was read or confirmed
MAX_AGE_CONFIRMED = 60.0  # seconds for which an entry is trusted at most, however confirmed
MAX_LIST_AGE = 1.0  # seconds for which the cached list of a user's rooms is used
KNOWN_ROOMS = 10_000
KNOWN_MEMBERS = 200_000  # in all cached rooms
KNOWN_DELETED = 10_000  # accounts deleted while this process ran
PRELOADED_MEMBERS = 500  # members of a room that are read together at the first use of one
# Tries of a conditional write that fails because another process changed the room first.
TRIES = 20


@dataclass(slots=True)
class _Known:
    room: Room
    read_at: float
    members: dict[str, Membership] = field(default_factory=dict)
    count: int | None = None  # of all members, once it was read

    @property
    def is_whole(self) -> bool:
        """Return whether all members of the room are cached."""
        return self.count == len(self.members)


@dataclass(frozen=True, slots=True)
class _CachedList:
    pairs: list[tuple[Room, Membership]]
    read_at: float
    changes: int


class MembershipCache:
    """Rooms and their members as last read. Code that changes one of them calls `forget`."""

    def __init__(self, rooms: RoomRepository, memberships: MembershipRepository) -> None:
        self._rooms = rooms
        self._memberships = memberships
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lists: OrderedDict[str, _CachedList] = OrderedDict()  # by user, the oldest first
        self._deleted_users: LRUCache[str, None] = LRUCache(KNOWN_DELETED)
        self._size = 0  # cached memberships
        self._changes = 0  # the number of the last change of any room
        self._changed: OrderedDict[str, int] = OrderedDict()  # of the last change of each room
        self._changed_before = 0  # of the newest change dropped from `_changed`
        self._locks = KeyedLocks()
        self._change_locks = KeyedLocks()
        self._confirmed_at = -MAX_AGE
        self._confirmed: Container[str] = ()

    def confirm(self, moment: float, room_ids: Container[str]) -> None:
        """Trust the cached entries of these rooms as of `moment`, in monotonic seconds.

        The caller has learned of all changes by other processes before it. This spares repeated
        reads of unchanged rooms.
        """
        self._confirmed_at, self._confirmed = moment, room_ids

    def require(self, user_id: str, room_id: str) -> tuple[Room, Membership]:
        """Return a room and a membership; raise NotFound for a missing room or a non-member."""
        if user_id in self._deleted_users:
            raise NotFound()
        known = self._trusted(room_id)
        if known and user_id in known.members:
            return known.room, known.members[user_id]
        with self._locks.lock_for(room_id):  # concurrent callers share one read
            known = self._trusted(room_id)
            if known and user_id in known.members:
                return known.room, known.members[user_id]
            changes, asked_at = self._changes, time.monotonic()
            membership = require_member(self._memberships.find(room_id, user_id))
            room = known.room if known else self._find_room(room_id)
            membership = resolve_role(room, membership)
            if self._is_unchanged(room_id, changes):
                self._remember(room, membership, asked_at)
            if known is None:
                self._read(room, changes, asked_at, PRELOADED_MEMBERS)
        return room, membership

    def require_of_kind(
        self, user_id: str, room_id: str, kind: RoomKind | None
    ) -> tuple[Room, Membership]:
        """Do as `require`, and raise NotFound for a room of another kind; None is any kind."""
        room, membership = self.require(user_id, room_id)
        if kind not in (None, room.kind):
            raise NotFound()
        return room, membership

    def require_may_post(
        self, user_id: str, room_id: str, kind: RoomKind | None
    ) -> tuple[Room, Membership]:
        """Do as `require_of_kind` if the user may post there; refuse only after a read.

        A client may know of a new admin before this cache does.
        """
        room, membership = self.require_of_kind(user_id, room_id, kind)
        if not may_post(room, membership):
            room, membership = self.require_fresh(user_id, room_id)
        require_may_post(room, membership)
        self.require_reachable(room)
        return room, membership

    def require_fresh(self, user_id: str, room_id: str) -> tuple[Room, Membership]:
        """Do as `require`, but read the database, for actions that depend on the role."""
        membership = require_member(self._memberships.find(room_id, user_id))
        room = self._find_room(room_id)
        return room, resolve_role(room, membership)

    def find_fresh(self, room: Room, user_id: str) -> Membership | None:
        """Read a user's membership from the database; None for a non-member."""
        membership = self._memberships.find(room.id, user_id)
        return membership and resolve_role(room, membership)

    def list_of_user(self, user_id: str) -> list[tuple[Room, Membership]]:
        """Read all rooms of a user from the database, unordered."""
        return self._read_lists([user_id], lambda _: None)[user_id]

    def list_profile_audience(self, user_id: str) -> list[str]:
        """Read the ids of the rooms whose members get a user's profile changes.

        These are all rooms of the user except direct rooms with a block.
        """
        return [room.id for room, _ in self.list_of_user(user_id) if not room.blocked_by]

    def list_cached(self, user_id: str) -> list[tuple[Room, Membership]]:
        """Return all rooms of a user as `lists_cached` does."""
        return self.lists_cached([user_id])[user_id]

    def lists_cached(self, user_ids: Iterable[str]) -> dict[str, list[tuple[Room, Membership]]]:
        """Return all rooms of each of the users, unordered, at most a second old.

        A reconnecting client asks several times, and other members ask for the same rooms. Changes
        within that second are pushed to the clients of the room.
        """
        now = time.monotonic()
        lists: dict[str, list[tuple[Room, Membership]]] = {}
        missing = []
        for user_id in dict.fromkeys(user_ids):
            found = self._lists.get(user_id)
            if found and found.changes == self._changes and now < found.read_at + MAX_LIST_AGE:
                lists[user_id] = found.pairs
            else:
                missing.append(user_id)
        return lists | self._read_lists(missing, self._trusted) if missing else lists

    def _read_lists(
        self, user_ids: Collection[str], known: Callable[[str], _Known | None]
    ) -> dict[str, list[tuple[Room, Membership]]]:
        """Read the memberships of some users, and those of their rooms that `known` does not find.

        All are cached, unless their room has changed meanwhile.
        """
        changes, asked_at = self._changes, time.monotonic()
        memberships = self._memberships.list_of_users(user_ids)
        room_ids = {one.room_id for own in memberships.values() for one in own}
        rooms = {
            room_id: found.room for room_id in cooperatively(room_ids) if (found := known(room_id))
        }
        rooms |= {room.id: room for room in self._rooms.list_by_ids(room_ids - rooms.keys())}
        lists: dict[str, list[tuple[Room, Membership]]] = {}
        for user_id in cooperatively(user_ids):
            pairs = lists[user_id] = [
                (room, resolve_role(room, membership))
                for membership in cooperatively(memberships.get(user_id, ()))
                if (room := rooms.get(membership.room_id))
            ]
            if changes == self._changes:
                self._remember_list(user_id, _CachedList(pairs, asked_at, changes))
            for room, membership in cooperatively(pairs):
                if self._is_unchanged(room.id, changes):
                    self._remember(room, membership, asked_at)
        return lists

    def reload_members(self, room_id: str) -> list[Membership]:
        """Read all members of a room that another process changed, the oldest first."""
        self.forget(room_id)
        changes, asked_at = self._changes, time.monotonic()
        room = self._rooms.find(room_id)
        return self._read(room, changes, asked_at) if room else []

    def is_member(self, user_id: str, room_id: str) -> bool:
        """Return whether a user is a member of a room."""
        try:
            self.require(user_id, room_id)
        except NotFound:
            return False
        return True

    def list_among(self, room_id: str, user_ids: Iterable[str]) -> set[str]:
        """Return those of the users who are members of a room."""
        known = self._trusted(room_id)
        members = known.members if known else {}
        users = {user_id for user_id in user_ids if user_id not in self._deleted_users}
        unknown = set() if known and known.is_whole else users - members.keys()
        return (users & members.keys()) | set(self._memberships.list_among(room_id, unknown))

    def list_if_few(self, room: Room, most: int) -> Collection[str] | None:
        """Return the ids of all members of a room, or None if there are more than `most`.

        Where all are cached this costs no query.
        """
        if self.count(room.id) > most:
            return None
        known = self._trusted(room.id)
        if known and known.is_whole:
            found: Iterable[str] = known.members
        else:
            changes, asked_at = self._changes, time.monotonic()
            memberships = self._memberships.list_of_room(room.id)
            if known and self._is_unchanged(room.id, changes):
                for one in memberships:
                    self._remember(room, resolve_role(room, one), asked_at)
            found = [one.user_id for one in memberships]
        return [user_id for user_id in found if user_id not in self._deleted_users]

    def require_reachable(self, room: Room) -> None:
        """Refuse a direct room that the other member has left, or in which one blocks the other."""
        for user_id in room.member_ids:  # of direct rooms
            require_peer(self.is_member(user_id, room.id))
        require_unblocked(room.blocked_by)  # last, because the block of a deleted account is void

    def count(self, room_id: str) -> int:
        """Return the number of members of a room."""
        known = self._trusted(room_id)
        if known and known.count is not None:
            return known.count
        count = self._memberships.count_of_room(room_id)
        if known is not None and known is self._known.get(room_id):
            known.count = count
        return count

    def lock_for_changes(self, room_id: str) -> threading.RLock:
        """Return the lock for changes of the members of a room.

        Within this process such changes take turns, which spares failed writes. Between processes
        the condition of each write decides.
        """
        return self._change_locks.lock_for(room_id)

    def touch(self, room_id: str) -> Room | None:
        """Record in the room that its members changed, and return it; None if it is deleted."""
        room = self._rooms.touch_members(room_id)
        self.forget(room_id)
        return room

    def forget(self, room_id: str) -> None:
        """Drop the cached entry of a room after the room or its members changed."""
        self._changes += 1
        self._changed[room_id] = self._changes
        self._changed.move_to_end(room_id)
        if len(self._changed) > KNOWN_ROOMS:
            _, self._changed_before = self._changed.popitem(last=False)
        self._drop(room_id)

    def forget_all(self) -> None:
        """Drop everything, including the results of reads under way."""
        self._changes += 1
        self._deleted_users.clear()
        self._changed.clear()
        self._changed_before = self._changes
        self._lists.clear()
        self._known.clear()
        self._size = 0

    def exclude(self, user_id: str) -> None:
        """Treat a deleted account as a member of no room.

        A job ends its memberships one by one, which takes a while.
        """
        self._lists.pop(user_id, None)
        self._deleted_users[user_id] = None

    def _find_room(self, room_id: str) -> Room:
        room = self._rooms.find(room_id)
        if room is None:
            raise NotFound()
        return room

    def _is_unchanged(self, room_id: str, since: int) -> bool:
        """Return whether the room has not changed since the change number `since`."""
        return self._changed.get(room_id, self._changed_before) <= since

    def _read(self, room: Room, changes: int, asked_at: float, limit: int = 0) -> list[Membership]:
        """Read all members of a room, or the first `limit`, because others will be needed soon.

        They are cached unless the room has changed since the change number `changes`.
        """
        found = [resolve_role(room, one) for one in self._memberships.list_of_room(room.id, limit)]
        if self._is_unchanged(room.id, changes) and found:
            self._drop(room.id)
            self._known[room.id] = _Known(
                room,
                asked_at,
                {membership.user_id: membership for membership in found},
                count=len(found) if not limit or len(found) < limit else None,
            )
            self._size += len(found)
            self._drop_oldest()
        return found

    def _trusted(self, room_id: str) -> _Known | None:
        known = self._known.get(room_id)
        if known is None:
            return None
        now = time.monotonic()
        good_at = known.read_at
        if room_id in self._confirmed:
            good_at = max(good_at, self._confirmed_at)
        fresh = now < good_at + MAX_AGE
        return known if fresh and now < known.read_at + MAX_AGE_CONFIRMED else None

    def _remember(self, room: Room, membership: Membership, asked_at: float) -> None:
        known = self._trusted(room.id)
        if known is None:
            self._drop(room.id)
            known = self._known[room.id] = _Known(room, asked_at)
        self._size += membership.user_id not in known.members
        known.members[membership.user_id] = membership
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Drop the oldest rooms while the cache exceeds a bound, but keep the last one."""
        while len(self._known) > KNOWN_ROOMS or (
            self._size > KNOWN_MEMBERS and len(self._known) > 1
        ):
            self._drop(next(iter(self._known)))

    def _drop(self, room_id: str) -> None:
        known = self._known.pop(room_id, None)
        if known is not None:
            self._size -= len(known.members)

    def _remember_list(self, user_id: str, found: _CachedList) -> None:
        self._lists[user_id] = found
        self._lists.move_to_end(user_id)
        while next(iter(self._lists.values())).read_at + MAX_LIST_AGE <= found.read_at:
            self._lists.popitem(last=False)
