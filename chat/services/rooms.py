"""Groups and who is in them, and the one room that two people share."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from chat import policies
from chat.chunks import CHUNK, chunked
from chat.concurrency import in_turns
from chat.errors import Conflict, NotFound, Removed, Unauthorized, Unavailable
from chat.keyed_locks import KeyedLocks
from chat.limits.limits import Limits
from chat.limits.rules import CHANGES, JOINS, ROOMS, TRIES_AT_BOUND
from chat.log.room_log import RoomLog
from chat.models import Addition, Membership, Role, Room, RoomKind, User
from chat.repositories.messages import MessageRepository
from chat.repositories.outages import is_outage
from chat.repositories.removals import RemovalRepository
from chat.repositories.room_invitations import RoomInvitationRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.user_rooms import UserRoomRepository
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.blocks import Blocks
from chat.services.events import Events
from chat.services.jobs import Jobs, Progress
from chat.services.membership_requests import MembershipRequests
from chat.services.memberships import Memberships
from chat.services.room_removal import RoomRemoval
from chat.services.usernames import Usernames

CATCH_UP_ROOMS = 500  # the last touched, whose logs a starting process looks at
CATCH_UP_PAUSE = 1.0  # seconds until a database that was away is asked again
# Groups one may come to by one's own doing, and to which others may bring one: so that they cannot
# use it up. Commands that make data are not bound.
MOST_ROOMS = 2_000
MOST_ROOMS_BY_OTHERS = 1_000
# Direct rooms that one opened and in which the other one has not written: it costs whoever opens
# them, because nobody can help being written to.
MOST_UNANSWERED = 500
MOST_MEMBERS = 5_000  # of a group
MOST_KEPT_OUT = 500  # of a group: people who were no members of it as they were removed
# Tries of a change whose condition no longer held as it was written: another process was first.
TRIES = 20
FINISH_REMOVAL = "finish_removal"
# Seconds after which a member who was removed is looked for once more: the database may have failed
# between the two writes, or the process died.
FINISH_AFTER = 10.0
SWEEP_REMOVED = "sweep_removed"
REMOVALS_AT_ONCE = 50

A = TypeVar("A")
T = TypeVar("T")

log = logging.getLogger(__name__)


class TooManyRooms(Conflict):
    """Somebody is in as many groups as one may be."""

    text_key = "error.too_many_rooms"


class TooManyUnanswered(Conflict):
    """Somebody opened as many direct rooms as one may in which the other one has not written."""

    text_key = "error.too_many_direct_rooms"


class TooManyKeptOut(Conflict):
    """A group keeps out as many people who were no members of it as it may."""

    text_key = "error.too_many_kept_out"


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
        messages: MessageRepository,
        removals: RemovalRepository,
        invitations: RoomInvitationRepository,
        memberships: Memberships,
        room_log: RoomLog,
        usernames: Usernames,
        removal: RoomRemoval,
        blocks: Blocks,
        requests: MembershipRequests,
        jobs: Jobs,
        limits: Limits,
        events: Events,
        audit: Audit,
        clock: Callable[[], int],
    ) -> None:
        self._rooms = rooms
        self._user_rooms = user_rooms
        self._users = users
        self._messages = messages
        self._removals = removals
        self._invitations = invitations
        self._memberships = memberships
        self._room_log = room_log
        self._usernames = usernames
        self._removal = removal
        self._blocks = blocks
        self._requests = requests
        self._jobs = jobs
        self._limits = limits
        self._events = events
        self._audit = audit
        self._clock = clock
        # Changes of the members of one room take turns within this process, which spares tries;
        # between processes the condition of each write decides. Two people who write first at the
        # same moment take turns because the second one's message could be pushed before the first
        # one's clients hear the room.
        self._locks = KeyedLocks()
        self._stopped = threading.Event()
        jobs.register(FINISH_REMOVAL, self._finish_removal_again)
        jobs.register(SWEEP_REMOVED, self._sweep_removed)

    def create_group(self, user: User, name: str, info: str = "") -> Room:
        """Make a group that the user owns."""
        self._limits.count(ROOMS, user.id)
        self._require_room_for(user, MOST_ROOMS)
        room = self._rooms.insert_group(user.id, name, info)
        self._user_rooms.insert(self._membership(room, user, "admin"))
        self._entered(room, [user.id], by=user)
        return room

    def gather(self, owner: User, name: str, members: Iterable[User]) -> Room:
        """Return the owner's group of that name with all of `members` in it; made when missing.

        For trying out and for tests: many at once, without an event for each.
        """
        room = self._rooms.find_group_of(owner.id, name) or self.create_group(owner, name)
        draft = self._membership(room, owner, "member")
        ids = [member.id for member in members if member.id != owner.id]
        for some in chunked(ids, CHUNK):
            self._user_rooms.insert_many([replace(draft, user_id=user_id) for user_id in some])
        self._entered(room, ids, by=owner)
        return room

    def direct_with(self, user: User, username: str, field: str = "username") -> tuple[Room, bool]:
        """Return the room of two people, making it when they first talk; True when it is new.

        `field` is what the input called the username, for the error about oneself.
        """
        other = self._users.find_by_username(username)
        if other is None:
            raise NotFound()
        policies.require_other(user.id, other.id, field)
        lock = self._locks.lock_for(min(user.id, other.id) + max(user.id, other.id))
        with lock:
            room = self._rooms.find_direct(user.id, other.id)
            if room is not None:
                self._complete_direct(room, user, other)
                return room, False
        self._require_may_open(user, other)  # it may take a while, so nobody waits behind it
        with lock:
            created = self._rooms.insert_direct(user.id, other.id)
            room = created or self._rooms.find_direct(user.id, other.id)
            if room is None:
                raise NotFound()
            self._complete_direct(room, user, other)
            return room, created is not None

    def join(self, user: User, number: str) -> Room:
        """Enter the group of that number; joining twice changes nothing."""
        self._limits.count(JOINS, user.id)
        room = self._rooms.find_by_number(number)
        if room is None or (room.access != "number" and not self._is_in(room, user)):
            raise NotFound()
        self.enter(room, user)
        return room

    def enter(self, room: Room, user: User, take_use: Callable[[], bool] = lambda: True) -> bool:
        """Let a user into a group by their own doing; return whether they were not in it.

        Raises Removed where they were removed and not added again by name. `take_use` comes last,
        so that only those who enter use up an invitation; NotFound where it says no.
        """
        with self._locks.lock_for(room.id):
            if self._is_in(room, user):
                return False
            if self._removals.exists(room.id, user.id):
                raise Removed()
            self._require_space(room, user, MOST_ROOMS)
            if not take_use():
                raise NotFound()
            return self._enter(room, user, by_name=False, by=user)

    def add_member(self, actor: User, room_id: str, username: str) -> Addition:
        """Put a person into a group, or ask them where that needs their consent."""
        self._limits.count(CHANGES, actor.id)
        with self._locks.lock_for(room_id):
            room, membership = self._memberships.require_fresh(actor.id, room_id)
            policies.require_manager(room, membership)
            user = self._users.find_by_username(username)
            if user is None:
                raise NotFound()
            is_new = not self._is_in(room, user)
            if is_new:
                self._blocks.require_none(actor.id, user.id)
                if self._requests.ask_if_needed(actor, room, user):
                    return Addition(user, None)
                self._require_space(room, user, MOST_ROOMS_BY_OTHERS)
                self._removals.delete(room.id, user.id)
                is_new = self._enter(room, user, by_name=True, by=actor)
            return Addition(user, self._find_member(room, user.id), is_new)

    def accept_request(self, user: User, request_id: str) -> Room:
        """Join a group that somebody asked the user to join."""
        self._limits.count(JOINS, user.id)
        found = self._requests.require(user, request_id)
        room = found.room
        with self._locks.lock_for(room.id):
            if not self._is_in(room, user):
                self._require_space(room, user, MOST_ROOMS)
                self._requests.use_up(request_id)
                # Whoever was removed after they were asked, at another process too, stays out.
                self._removals.delete(room.id, user.id, before=found.created_at)
                if self._removals.exists(room.id, user.id):
                    raise Removed()
                self._enter(room, user, by_name=False, by=user)
        return room

    def leave(self, user: User, room_id: str, kind: RoomKind | None = None) -> Room:
        """Go out of a group; when its owner was alone in it, the group ends."""
        with self._locks.lock_for(room_id):
            for _ in range(TRIES):
                room, membership = self._memberships.require_fresh(user.id, room_id)
                if kind is not None and room.kind != kind:
                    raise NotFound()
                is_owner = membership.role == "owner"
                count = self._user_rooms.count_of_room(room.id) if is_owner else 0
                policies.require_may_leave(room, membership, count)
                left = self._as_of_now(room)  # what is said from here on is not for who leaves
                if is_owner:
                    is_done = self._end(room, user.id, unchanged=True)
                else:
                    is_done = self._remove(room, user.id)
                if is_done:
                    return left
        raise Unavailable()

    def leave_all(self, user_id: str) -> Iterator[str]:
        """Take a user whose account has ended out of every room; yield the id of each.

        A group they own passes to another member and ends when there is none. In a direct room the
        other one stays; it ends with the second who goes. A room that fails keeps no other from it:
        the first failure is raised at the end, and all of it may be repeated.
        """
        room_ids = {membership.room_id for membership in self._user_rooms.list_of_user(user_id)}
        # A process may have died between making a group and letting its owner in.
        room_ids.update(self._rooms.list_ids_of_owner(user_id))
        failure: Exception | None = None
        for room_id in room_ids:
            try:
                with self._locks.lock_for(room_id):
                    self._leave_for_good(user_id, room_id)
            except Exception as error:
                if is_outage(error):
                    raise
                failure = failure or error
            yield room_id
        self._removals.delete_of_user(user_id)
        if failure is not None:
            raise failure

    def remove_member(self, actor: User, room_id: str, user_id: str) -> None:
        """Keep a person out of a group until they are added by name; oneself: leave.

        They need not be a member: somebody who left by themselves before may be kept out too.
        """
        self._limits.count(CHANGES, actor.id)
        if user_id == actor.id:
            self.leave(actor, room_id)
            return
        with self._locks.lock_for(room_id):
            for _ in range(TRIES):
                room, membership = self._memberships.require_fresh(actor.id, room_id)
                policies.require_manager(room, membership)
                target = self._user_rooms.find(room.id, user_id)
                if target is None:
                    is_done = self._keep_out(room, actor, user_id)
                else:
                    target = policies.resolve_role(room, target)
                    policies.require_may_remove(room, membership, target)
                    is_done = self._take_out(room, actor, user_id)
                if is_done:
                    return
        raise Unavailable()

    def set_role(
        self, actor: User, room_id: str, user_id: str, role: Role
    ) -> tuple[User, Membership]:
        """Change what a member may do; making another one owner hands the group over."""
        self._limits.count(CHANGES, actor.id)
        with self._locks.lock_for(room_id):
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
        """Change name, info, access or posting of a group."""
        self._limits.count(CHANGES, user.id)
        room, membership = self._memberships.require_fresh(user.id, room_id)
        policies.require_manager(room, membership)
        changed = self._updated(self._rooms.update(room_id, changes))
        if changed.access != room.access:
            self._audit.note("access_changed", user.id, room_id=room.id, detail=changed.access)
        if changed.posting != room.posting:
            self._audit.note("posting_changed", user.id, room_id=room.id, detail=changed.posting)
        return changed

    def renew_number(self, user: User, room_id: str) -> Room:
        """Give a group another number; nobody finds it by the old one from then on."""
        self._limits.count(CHANGES, user.id)
        room, membership = self._memberships.require_fresh(user.id, room_id)
        policies.require_manager(room, membership)
        changed = self._updated(self._rooms.renew_number(room.id))
        self._audit.note("number_renewed", user.id, room_id=room.id)
        return changed

    def delete(self, user: User, room_id: str) -> None:
        """End a group, with all that was said in it."""
        with self._locks.lock_for(room_id):
            for _ in range(TRIES):
                room, membership = self._memberships.require_fresh(user.id, room_id)
                policies.require_owner(room, membership)
                if self._end(room, user.id, unchanged=False):
                    return
        raise Unavailable()

    def end(self, room_id: str, actor_id: str) -> None:
        """End a room of any kind for an operator; raise NotFound when it is gone."""
        with self._locks.lock_for(room_id):
            for _ in range(TRIES):
                room = self._rooms.find(room_id)
                if room is None:
                    raise NotFound()
                if self._end(room, actor_id, unchanged=False):
                    return
        raise Unavailable()

    def catch_up(self) -> None:
        """Complete what a crash left half done in the rooms that changed last.

        The ends of both logs are written down, what was done to messages is applied before, and a
        group whose owner is no member gets another one.
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
        self._room_log.end(room)
        self._room_log.rev(room)
        if room.owner_id and self._user_rooms.find(room.id, room.owner_id) is None:
            self._hand_over(room)

    def _complete_direct(self, room: Room, user: User, other: User) -> None:
        """Let the two enter a direct room: whoever made it may have come no further than that."""
        if self._user_rooms.count_of_room(room.id) == 2:
            return
        # Now that the room is there: a block from before finds it here, a later one finds the room.
        policies.require_unblocked(self._blocks.settle(user.id, other.id))
        entered = [
            member.id
            for member in (user, other)
            if self._user_rooms.insert(self._membership(room, member, "member"))
        ]
        if entered:
            self._entered(room, entered, by=user)

    def _is_in(self, room: Room, user: User) -> bool:
        return self._user_rooms.find(room.id, user.id) is not None

    def _enter(self, room: Room, user: User, *, by_name: bool, by: User) -> bool:
        """Make a user a member of a group; return False when another process was first."""
        if not self._user_rooms.insert(self._membership(room, user, "member")):
            return False
        # Once more: they may have come and been removed since it was asked.
        if not by_name and self._removals.exists(room.id, user.id):
            self._remove(room, user.id)
            raise Removed()
        self._requests.withdraw(room.id, user.id)
        self._entered(room, [user.id], by=by)
        self._events.member_joined(room, user)
        return True

    def _require_space(self, room: Room, user: User, most: int) -> None:
        """Refuse a group that is full, and a user who is in `most` groups already."""
        self._require_room_for(user, most)
        if self._user_rooms.count_of_room(room.id) >= MOST_MEMBERS:
            raise GroupFull()

    def _require_room_for(self, user: User, most: int) -> None:
        if self._user_rooms.count_of_user(user.id) < most:  # direct rooms too: mostly enough
            return
        room_ids = self._user_rooms.list_rooms_of_users([user.id]).get(user.id, ())
        if self._rooms.count_groups(room_ids) >= most:
            raise TooManyRooms()

    def _require_may_open(self, user: User, other: User) -> None:
        """Refuse a new direct room of people who are blocked, or of somebody who opened many.

        Those count in which the other one has not written. The logs say so; they are asked only
        when there may be too many, and seldom, so that sending needs to note nothing.
        """
        self._limits.count(ROOMS, user.id)
        self._blocks.require_none(user.id, other.id)
        if self._rooms.count_opened(user.id) < MOST_UNANSWERED:
            return
        self._limits.count(TRIES_AT_BOUND, user.id)
        opened = self._rooms.list_opened(user.id)
        answered = [
            room.id
            for room in in_turns(opened)
            for other in room.member_ids
            if other != user.id and self._messages.has_written(room.id, other)
        ]
        self._rooms.note_answered(answered)
        if len(opened) - len(answered) >= MOST_UNANSWERED:
            raise TooManyUnanswered()

    def _find_member(self, room: Room, user_id: str) -> Membership:
        membership = self._user_rooms.find(room.id, user_id)
        if membership is None:
            raise NotFound()
        return policies.resolve_role(room, membership)

    def _leave_for_good(self, user_id: str, room_id: str) -> None:
        for _ in range(TRIES):
            membership = self._user_rooms.find(room_id, user_id)
            room = self._rooms.find(room_id)
            # An owner need not be a member: a process may have died in the middle.
            if room is not None and room.owner_id == user_id:
                if not self._hand_over(room) and self._end(room, user_id, unchanged=True):
                    return
            elif membership is None or room is None:  # gone meanwhile, or what is left of a room
                self._user_rooms.delete(room_id, user_id)
                return
            elif self._remove(room, user_id):
                if room.kind == "direct":
                    self._end_empty(room_id, user_id)
                return
        raise Unavailable()

    def _end_empty(self, room_id: str, user_id: str) -> None:
        """End a direct room that both have left for good."""
        room = self._rooms.find(room_id)
        if room is not None and self._user_rooms.count_of_room(room_id) == 0:
            self._end(room, user_id, unchanged=True)

    def _change_role(self, room: Room, actor: User, target: User, role: Role) -> bool:
        """Write a role; return False when the room has changed and must be looked at again."""
        if not self._rooms.confirm_owner(room):
            return False
        if role == "owner":
            # First an admin, then no longer the owner: a crash in between takes nothing away.
            self._user_rooms.update_role(room.id, actor.id, "admin")
            changed = self._rooms.change_owner(room, target.id)
        elif self._user_rooms.update_role(room.id, target.id, role):
            if role == "member":
                self._invitations.delete_by_user(room.id, target.id)
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
        disabled = {user_id for user_id, user in living.items() if user.disabled_at is not None}
        heir = policies.choose_heir((one for one in others if one.user_id in living), disabled)
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
        if removed is not None and removed.role != "member":
            self._invitations.delete_by_user(room.id, user_id)
        return True

    def _keep_out(self, room: Room, actor: User, user_id: str) -> bool:
        """Keep somebody out who is no member; return False when they have become one meanwhile."""
        if self._users.find(user_id) is None:
            raise NotFound()
        if (
            not self._removals.exists(room.id, user_id)
            and self._removals.count_kept_out(room.id) >= MOST_KEPT_OUT
        ):
            raise TooManyKeptOut()
        is_new = self._removals.insert(room.id, user_id, was_member=False)
        self._requests.withdraw(room.id, user_id)
        if is_new:
            self._audit.note("member_kept_out", actor.id, target_id=user_id, room_id=room.id)
        # Whoever comes in beside this looks for the removal after it, and so goes by themselves.
        return self._user_rooms.find(room.id, user_id) is None

    def _take_out(self, room: Room, actor: User, user_id: str) -> bool:
        """Remove a member; return False for one who has become the owner meanwhile."""
        # First, so that the removal is completed whatever happens from here on.
        arguments = {"room_id": room.id, "user_id": user_id}
        self._jobs.add(FINISH_REMOVAL, arguments, FINISH_AFTER)
        # Before they are out: from that moment they cannot come back by themselves.
        self._removals.insert(room.id, user_id, was_member=True)
        self._requests.withdraw(room.id, user_id)
        if not self._finish_removal(room, user_id):
            return False
        self._audit.note("member_removed", actor.id, target_id=user_id, room_id=room.id)
        return True

    def _finish_removal(self, room: Room, user_id: str) -> bool:
        """Take out whoever is to be kept out; return False for one who has become the owner."""
        if self._user_rooms.find(room.id, user_id) is None or self._remove(room, user_id):
            return True
        self._removals.delete(room.id, user_id)
        return False

    def _finish_removal_again(
        self, arguments: Mapping[str, Any], progress: Progress
    ) -> Iterator[Progress]:
        self._take_out_removed(arguments["room_id"], arguments["user_id"])
        yield progress

    def _sweep_removed(
        self, arguments: Mapping[str, Any], progress: Progress
    ) -> Iterator[Progress]:
        """Take out whom a process of a version without removals has let in.

        A migration stores this job, so that it is done once after an upgrade.
        """
        after = progress.get("after", "")
        while found := self._removals.list_after(after, REMOVALS_AT_ONCE):
            for after, room_id, user_id in found:
                self._take_out_removed(room_id, user_id)
            yield {"after": after}

    def _take_out_removed(self, room_id: str, user_id: str) -> None:
        """Take out a member who was removed, and not added by name after that."""
        with self._locks.lock_for(room_id):
            # The membership first: to add somebody by name forgets the removal before they are in.
            if self._user_rooms.find(room_id, user_id) is None:
                return
            room = self._rooms.find(room_id)
            if room is not None and self._removals.exists(room_id, user_id):
                self._finish_removal(room, user_id)

    def _left(self, room: Room, user_id: str) -> None:
        self._memberships.forget(room.id)
        self._events.member_left(room, user_id)

    def _end(self, room: Room, actor_id: str, *, unchanged: bool) -> bool:
        """End a room if it is still the owner's, and nobody came; return whether it is gone."""
        if not self._removal.remove(room, actor_id, unchanged=unchanged):
            return False
        self._memberships.forget(room.id)
        self._room_log.forget(room.id)
        self._events.room_deleted(room.id, room.kind)
        return True

    def _entered(self, room: Room, user_ids: list[str], *, by: User) -> None:
        """Tell who has come; raise NotFound, with nobody in it, when the room has ended.

        The same for accounts that have ended; Unauthorized when it is that of the one who acts.
        An account is erased before its rooms are looked for, and somebody is in a room before they
        are looked for here: so either this or the removal of the account finds the membership.
        """
        now = self._rooms.touch_members(room.id)
        self._memberships.forget(room.id)
        if now is None:
            for user_id in user_ids:
                self._user_rooms.delete(room.id, user_id)
            raise NotFound()
        gone = set(user_ids) - self._users.list_by_ids(user_ids).keys()
        if gone:
            for user_id in user_ids if room.kind == "direct" else gone:
                self._leave_for_good(user_id, room.id)
            raise Unauthorized() if by.id in gone else NotFound()
        # The end of the log as of now: what comes after it will be pushed to them.
        self._events.room_entered(self._as_of_now(now), user_ids)

    def _updated(self, room: Room) -> Room:
        self._memberships.forget(room.id)
        room = self._as_of_now(room)
        self._events.room_updated(room)
        return room

    def _as_of_now(self, room: Room) -> Room:
        """Return the room with the end of its log as known here, signed."""
        return self._usernames.sign_last([self._room_log.overlay(room)])[0]

    def _membership(self, room: Room, user: User, role: Role) -> Membership:
        """Return a new membership; what was said before counts as read."""
        return Membership(
            room_id=room.id,
            user_id=user.id,
            role=role,
            last_read_seq=self._room_log.end(room),
            muted=False,
            created_at=self._clock(),
        )
