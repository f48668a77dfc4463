"""Groups and who is in them, and the one room that two people share."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from chat import policies
from chat.errors import Conflict, NotFound, Unavailable
from chat.models import Membership, Role, Room, RoomKind, User
from chat.repositories.outages import is_outage
from chat.repositories.rooms import RoomRepository
from chat.repositories.user_rooms import UserRoomRepository
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.batches import BATCH, batched
from chat.services.events import Events
from chat.services.heads import RoomHeads
from chat.services.limits import CHANGES, JOINS, ROOMS, Limits
from chat.services.memberships import Memberships
from chat.services.room_removal import RoomRemoval
from chat.services.turns import Turns
from chat.services.usernames import Usernames

CATCH_UP_ROOMS = 500  # the last touched, whose logs a starting process looks at
CATCH_UP_PAUSE = 1.0  # seconds until a database that was away is asked again
# Groups one may come to by one's own doing, and to which others may bring one: so that they can not
# use it up. Rooms of two are not counted, as anybody may open one; their rate bounds them. Commands
# that make data are not bound.
MOST_ROOMS = 2_000
MOST_ROOMS_BY_OTHERS = 1_000
MOST_MEMBERS = 5_000  # of a group
# Tries of a change whose condition no longer held as it was written: another process was first.
TRIES = 20

A = TypeVar("A")
T = TypeVar("T")

log = logging.getLogger(__name__)


class TooManyRooms(Conflict):
    """Somebody is in as many groups as one may be."""

    text_key = "error.too_many_rooms"


class GroupFull(Conflict):
    """A group has as many members as it may have."""

    text_key = "error.group_full"


class RoomService:
    """Making rooms, coming and going, and who may do what in them."""

    def __init__(
        self,
        *,
        rooms: RoomRepository,
        user_rooms: UserRoomRepository,
        users: UserRepository,
        memberships: Memberships,
        heads: RoomHeads,
        usernames: Usernames,
        removal: RoomRemoval,
        limits: Limits,
        events: Events,
        audit: Audit,
        clock: Callable[[], int],
    ) -> None:
        self._rooms = rooms
        self._user_rooms = user_rooms
        self._users = users
        self._memberships = memberships
        self._heads = heads
        self._usernames = usernames
        self._removal = removal
        self._limits = limits
        self._events = events
        self._audit = audit
        self._clock = clock
        # Changes of the members of one room take turns within this process, which spares tries;
        # between processes the condition of each write decides. Two people who write first at the
        # same moment take turns because the second one's message could be pushed before the first
        # one's clients hear the room.
        self._turns = Turns()
        self._stopped = threading.Event()

    def create_group(self, user: User, name: str, info: str = "") -> Room:
        """Make a group that the user owns."""
        self._limits.count(ROOMS, user.id)
        self._require_room_for(user, MOST_ROOMS)
        room = self._rooms.insert_group(user.id, name, info)
        self._user_rooms.insert(self._membership(room, user, "admin"))
        self._entered(room, [user.id])
        return room

    def gather(self, owner: User, name: str, members: Iterable[User]) -> Room:
        """Return the owner's group of that name with all of `members` in it; made when missing.

        For trying out and for tests: many at once, without an event for each.
        """
        room = self._rooms.find_group_of(owner.id, name) or self.create_group(owner, name)
        draft = self._membership(room, owner, "member")
        ids = [member.id for member in members if member.id != owner.id]
        for some in batched(ids, BATCH):
            self._user_rooms.insert_many([replace(draft, user_id=user_id) for user_id in some])
        self._entered(room, ids)
        return room

    def direct_with(self, user: User, username: str, field: str = "username") -> tuple[Room, bool]:
        """Return the room of two people, making it when they first talk; True when it is new.

        `field` is what the input called the username, for the error about oneself.
        """
        other = self._users.find_by_username(username)
        if other is None:
            raise NotFound()
        policies.require_other(user.id, other.id, field)
        with self._turns.of(min(user.id, other.id) + max(user.id, other.id)):
            return self._direct_room(user, other)

    def join(self, user: User, number: str) -> Room:
        """Enter the group of that number; joining twice changes nothing."""
        self._limits.count(JOINS, user.id)
        room = self._rooms.find_by_number(number)
        if room is None:
            raise NotFound()
        with self._turns.of(room.id):
            self._enter(room, user, MOST_ROOMS)
        return room

    def add_member(self, actor: User, room_id: str, username: str) -> tuple[User, Membership, bool]:
        """Put a person into a group; True when they were not in it."""
        self._limits.count(CHANGES, actor.id)
        with self._turns.of(room_id):
            room, membership = self._memberships.require_fresh(actor.id, room_id)
            policies.require_manager(room, membership)
            user = self._users.find_by_username(username)
            if user is None:
                raise NotFound()
            entered = self._enter(room, user, MOST_ROOMS_BY_OTHERS)
            return user, self._find_member(room, user.id), entered

    def leave(self, user: User, room_id: str, kind: RoomKind | None = None) -> Room:
        """Go out of a group; when its owner was alone in it, the group ends."""
        with self._turns.of(room_id):
            for _ in range(TRIES):
                room, membership = self._memberships.require_fresh(user.id, room_id)
                if kind is not None and room.kind != kind:
                    raise NotFound()
                is_owner = membership.role == "owner"
                count = self._user_rooms.count_of_room(room.id) if is_owner else 0
                policies.require_may_leave(room, membership, count)
                left = self._as_of_now(room)  # what is said from here on is not for who leaves
                if is_owner:
                    is_done = self._end(room, user, unchanged=True)
                else:
                    is_done = self._remove(room, user.id)
                if is_done:
                    return left
        raise Unavailable()

    def leave_all(self, user: User) -> None:
        """Take a user who goes for good out of every room; after a failure it may be called again.

        A group they own passes to another member and ends when there is none. In a direct room the
        other one stays; it ends with the second who goes.
        """
        for membership in self._user_rooms.list_of_user(user.id):
            with self._turns.of(membership.room_id):
                self._leave_for_good(user, membership.room_id)

    def remove_member(self, actor: User, room_id: str, user_id: str) -> None:
        """Take a person out of a group; taking oneself out is leaving."""
        self._limits.count(CHANGES, actor.id)
        if user_id == actor.id:
            self.leave(actor, room_id)
            return
        with self._turns.of(room_id):
            for _ in range(TRIES):
                room, membership = self._memberships.require_fresh(actor.id, room_id)
                policies.require_manager(room, membership)
                target = self._find_member(room, user_id)
                policies.require_may_remove(room, membership, target)
                if self._remove(room, user_id):
                    self._audit.note("member_removed", actor.id, target_id=user_id, room_id=room.id)
                    return
        raise Unavailable()

    def set_role(
        self, actor: User, room_id: str, user_id: str, role: Role
    ) -> tuple[User, Membership]:
        """Change what a member may do; making another one owner hands the group over."""
        self._limits.count(CHANGES, actor.id)
        with self._turns.of(room_id):
            for _ in range(TRIES):
                room, membership = self._memberships.require_fresh(actor.id, room_id)
                policies.require_owner(room, membership)
                target = self._find_member(room, user_id)
                user = self._users.find(user_id)
                if user is None:
                    raise NotFound()
                policies.require_may_set_role(room, membership, target, role)
                if target.role == role or self._change_role(room, actor, user, role):
                    return user, replace(target, role=role)
        raise Unavailable()

    def update(self, user: User, room_id: str, changes: Mapping[str, str]) -> Room:
        """Change the name or the info of a group."""
        self._limits.count(CHANGES, user.id)
        room, membership = self._memberships.require_fresh(user.id, room_id)
        policies.require_manager(room, membership)
        return self._updated(self._rooms.update(room_id, changes))

    def delete(self, user: User, room_id: str) -> None:
        """End a group, with all that was said in it."""
        with self._turns.of(room_id):
            for _ in range(TRIES):
                room, membership = self._memberships.require_fresh(user.id, room_id)
                policies.require_owner(room, membership)
                if self._end(room, user, unchanged=False):
                    return
        raise Unavailable()

    def end(self, room_id: str, actor_id: str) -> None:
        """End a room of any kind for an operator; raise NotFound when it is gone."""
        with self._turns.of(room_id):
            for _ in range(TRIES):
                room = self._rooms.find(room_id)
                if room is None:
                    raise NotFound()
                if self._remove_room(room, actor_id, unchanged=False):
                    return
        raise Unavailable()

    def catch_up(self) -> None:
        """Complete what a crash left half done in the rooms that changed last.

        The end of the log is written down, and a group whose owner is no member gets another one.
        A room that fails keeps no other from it, and a database that is away is asked again.
        """
        for room in self._ask_until_answered(self._rooms.list_latest, CATCH_UP_ROOMS) or ():
            self._ask_until_answered(self._complete, room)

    def stop(self) -> None:
        """Catch up no more."""
        self._stopped.set()

    def _ask_until_answered(self, ask: Callable[[A], T], argument: A) -> T | None:
        """Return the answer; None when it fails although the database is there, or when stopped."""
        while not self._stopped.is_set():
            try:
                return ask(argument)
            except Exception as error:
                if not is_outage(error):
                    log.exception("could not complete what a crash may have left half done")
                    return None
            self._stopped.wait(CATCH_UP_PAUSE)
        return None

    def _complete(self, room: Room) -> None:
        self._heads.read(room)
        if room.owner_id and self._user_rooms.find(room.id, room.owner_id) is None:
            self._hand_over(room)

    def _direct_room(self, user: User, other: User) -> tuple[Room, bool]:
        room = self._rooms.find_direct(user.id, other.id)
        if room is not None and self._user_rooms.count_of_room(room.id) == 2:
            return room, False
        created = None
        if room is None:
            self._limits.count(ROOMS, user.id)
            created = self._rooms.insert_direct(user.id, other.id)
            room = created or self._rooms.find_direct(user.id, other.id)
        if room is None:
            raise NotFound()
        # Also when it was there: whoever made it may have come no further than the room.
        entered = [
            member.id
            for member in (user, other)
            if self._user_rooms.insert(self._membership(room, member, "member"))
        ]
        if entered:
            self._entered(room, entered)
        return room, created is not None

    def _enter(self, room: Room, user: User, most: int) -> bool:
        """Let a user into a group unless they are in it, or in `most` groups already."""
        if self._user_rooms.find(room.id, user.id) is not None:
            return False
        self._require_room_for(user, most)
        if self._user_rooms.count_of_room(room.id) >= MOST_MEMBERS:
            raise GroupFull()
        if not self._user_rooms.insert(self._membership(room, user, "member")):
            return False
        self._entered(room, [user.id])
        self._events.member_joined(room, user)
        return True

    def _require_room_for(self, user: User, most: int) -> None:
        memberships = self._user_rooms.list_of_user(user.id)
        if len(memberships) < most:  # all of them: cheap, and mostly enough
            return
        if self._rooms.count_groups(found.room_id for found in memberships) >= most:
            raise TooManyRooms()

    def _find_member(self, room: Room, user_id: str) -> Membership:
        membership = self._user_rooms.find(room.id, user_id)
        if membership is None:
            raise NotFound()
        return policies.resolve_role(room, membership)

    def _leave_for_good(self, user: User, room_id: str) -> None:
        for _ in range(TRIES):
            membership = self._user_rooms.find(room_id, user.id)
            room = self._rooms.find(room_id)
            if membership is None or room is None:  # gone meanwhile, or what is left of a room
                self._user_rooms.delete(room_id, user.id)
                return
            if room.owner_id == user.id:
                if not self._hand_over(room) and self._end(room, user, unchanged=True):
                    return
            elif self._remove(room, user.id):
                if room.kind == "direct":
                    self._end_empty(room_id, user)
                return
        raise Unavailable()

    def _end_empty(self, room_id: str, user: User) -> None:
        """End a direct room that both have left for good."""
        room = self._rooms.find(room_id)
        if room is not None and self._user_rooms.count_of_room(room_id) == 0:
            self._end(room, user, unchanged=True)

    def _change_role(self, room: Room, actor: User, target: User, role: Role) -> bool:
        """Write a role; return False when the room has changed and must be looked at again."""
        if not self._rooms.confirm_owner(room):
            return False
        if role == "owner":
            # First an admin, then no longer the owner: a crash in between takes nothing away.
            self._user_rooms.update_role(room.id, actor.id, "admin")
            changed = self._rooms.change_owner(room, target.id)
        elif self._user_rooms.update_role(room.id, target.id, role):
            changed = self._rooms.update(room.id, {})  # only now do others read the role
        else:
            return False
        if changed is None:
            return False
        self._note_role(actor.id, target.id, room, role)
        self._updated(changed)
        return True

    def _hand_over(self, room: Room) -> bool:
        """Give a group whose owner goes, or has gone, to another member; False without one."""
        others = [
            policies.resolve_role(room, one)
            for one in self._user_rooms.list_of_room(room.id)
            if one.user_id != room.owner_id
        ]
        living = self._users.list_by_ids(one.user_id for one in others)
        heir = policies.choose_heir(one for one in others if one.user_id in living)
        if heir is None:
            return False
        changed = self._rooms.change_owner(room, heir.user_id)
        if changed is not None:
            self._note_role(room.owner_id or "", heir.user_id, room, "owner")
            self._updated(changed)
        return True

    def _note_role(self, actor_id: str, target_id: str, room: Room, role: Role) -> None:
        self._audit.note(
            "role_changed", actor_id, target_id=target_id, room_id=room.id, detail=role
        )

    def _remove(self, room: Room, user_id: str) -> bool:
        """Take somebody out who was not the owner; return False when they have become it.

        Whoever hands a group over does so only while nobody has left since they looked, so either
        they notice this removal or it notices them.
        """
        removed = self._user_rooms.take(room.id, user_id)
        try:
            now = self._rooms.touch_members(room.id)
        except Exception:
            # They hear nothing from this moment on, even when the database fails now.
            self._left(room, user_id)
            raise
        if removed is not None and now is not None and now.owner_id == user_id:
            self._user_rooms.insert(removed)
            self._rooms.touch_members(room.id)
            self._memberships.forget(room.id)
            return False
        self._left(room, user_id)
        return True

    def _left(self, room: Room, user_id: str) -> None:
        self._memberships.forget(room.id)
        self._events.member_left(room, user_id)

    def _end(self, room: Room, actor: User, *, unchanged: bool) -> bool:
        """End a room if it is still the owner's, and nobody came; return whether it is gone."""
        return self._remove_room(room, actor.id, unchanged=unchanged)

    def _remove_room(self, room: Room, actor_id: str, *, unchanged: bool) -> bool:
        if not self._removal.remove(room, actor_id, unchanged=unchanged):
            return False
        self._memberships.forget(room.id)
        self._heads.forget(room.id)
        self._events.room_deleted(room.id, room.kind)
        return True

    def _entered(self, room: Room, user_ids: list[str]) -> None:
        """Tell who has come; raise NotFound, with nobody in it, when the room has ended."""
        now = self._rooms.touch_members(room.id)
        self._memberships.forget(room.id)
        if now is None:
            for user_id in user_ids:
                self._user_rooms.delete(room.id, user_id)
            raise NotFound()
        # The end of the log as of now: what comes after it will be pushed to them.
        self._events.room_entered(self._as_of_now(now), user_ids)

    def _updated(self, room: Room) -> Room:
        self._memberships.forget(room.id)
        room = self._as_of_now(room)
        self._events.room_updated(room)
        return room

    def _as_of_now(self, room: Room) -> Room:
        """Return the room with the end of its log as known here, signed."""
        return self._usernames.sign_last([self._heads.overlay(room)])[0]

    def _membership(self, room: Room, user: User, role: Role) -> Membership:
        """Return a new membership; what was said before counts as read."""
        return Membership(
            room_id=room.id,
            user_id=user.id,
            role=role,
            last_read_seq=self._heads.read(room),
            muted=False,
            created_at=self._clock(),
        )
