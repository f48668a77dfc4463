"""Removing users from a group, and banning them until they are added by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chat import policies
from chat.errors import Conflict, NotFound, Unavailable
from chat.limits.limits import Limits
from chat.limits.rules import CHANGES
from chat.models import Room, User
from chat.repositories.removals import RemovalRepository
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.jobs import Jobs, Progress
from chat.services.leaving import Leaving
from chat.services.membership_cache import TRIES, MembershipCache
from chat.services.membership_requests import MembershipRequests

MAX_BANS = 500  # users of a group who were no members when they were banned
FINISH_REMOVAL = "finish_removal"
# Seconds until a removal is completed by a job, in case the database failed or the process died
# between the two writes.
FINISH_AFTER = 10.0
SWEEP_REMOVED = "sweep_removed"
REMOVALS_AT_ONCE = 50


class TooManyBans(Conflict):
    """The group bans as many non-members as allowed."""

    text_key = "error.too_many_kept_out"


class MemberRemoval:
    """Removes members. A job completes a removal when its process dies."""

    def __init__(
        self,
        *,
        users: UserRepository,
        removals: RemovalRepository,
        membership_cache: MembershipCache,
        requests: MembershipRequests,
        leaving: Leaving,
        jobs: Jobs,
        limits: Limits,
        audit: Audit,
    ) -> None:
        self._users = users
        self._removals = removals
        self._membership_cache = membership_cache
        self._requests = requests
        self._leaving = leaving
        self._jobs = jobs
        self._limits = limits
        self._audit = audit
        jobs.register(FINISH_REMOVAL, self._finish_removal_again)
        jobs.register(SWEEP_REMOVED, self._sweep_removed)

    def remove_member(self, actor: User, room_id: str, user_id: str) -> None:
        """Ban a user from a group until they are added by name; for the actor themselves: leave.

        The user need not be a member: one who has left can be banned too.
        """
        self._limits.count(CHANGES, actor.id)
        if user_id == actor.id:
            self._leaving.leave(actor, room_id)
            return
        with self._membership_cache.lock_for_changes(room_id):
            for _ in range(TRIES):
                room, membership = self._membership_cache.require_fresh(actor.id, room_id)
                policies.require_manager(room, membership)
                target = self._membership_cache.find_fresh(room, user_id)
                if target is None:
                    is_done = self._ban(room, actor, user_id)
                else:
                    policies.require_may_remove(room, membership, target)
                    is_done = self._remove_member(room, actor, user_id)
                if is_done:
                    return
        raise Unavailable()

    def _ban(self, room: Room, actor: User, user_id: str) -> bool:
        """Ban a non-member; return False if they became a member meanwhile."""
        if self._users.find(user_id) is None:
            raise NotFound()
        if (
            not self._removals.exists(room.id, user_id)
            and self._removals.count_banned(room.id) >= MAX_BANS
        ):
            raise TooManyBans()
        is_new = self._removals.insert(room.id, user_id, was_member=False)
        self._requests.withdraw(room.id, user_id)
        if is_new:
            self._audit.record("member_kept_out", actor.id, target_id=user_id, room_id=room.id)
        # A concurrent join checks for the removal after its insert, and undoes itself.
        return self._membership_cache.find_fresh(room, user_id) is None

    def _remove_member(self, room: Room, actor: User, user_id: str) -> bool:
        """Remove a member; return False if they became the owner meanwhile."""
        # Store the job first, so that the removal is completed after any failure from here on.
        arguments = {"room_id": room.id, "user_id": user_id}
        self._jobs.enqueue(FINISH_REMOVAL, arguments, FINISH_AFTER)
        # Ban them before they are out, so that they cannot rejoin in between.
        self._removals.insert(room.id, user_id, was_member=True)
        self._requests.withdraw(room.id, user_id)
        if not self._finish_removal(room, user_id):
            return False
        self._audit.record("member_removed", actor.id, target_id=user_id, room_id=room.id)
        return True

    def _finish_removal(self, room: Room, user_id: str) -> bool:
        """End the membership of a banned user; return False if they became the owner."""
        if self._membership_cache.find_fresh(room, user_id) is None or self._leaving.remove(
            room, user_id
        ):
            return True
        self._removals.delete(room.id, user_id)
        return False

    def _finish_removal_again(
        self, arguments: Mapping[str, Any], progress: Progress
    ) -> Iterator[Progress]:
        self._end_banned_membership(arguments["room_id"], arguments["user_id"])
        yield progress

    def _sweep_removed(
        self, arguments: Mapping[str, Any], progress: Progress
    ) -> Iterator[Progress]:
        """End memberships of banned users that a process of an older version admitted.

        A migration stores this job, so it runs once after an upgrade.
        """
        after = progress.get("after", "")
        while found := self._removals.list_after(after, REMOVALS_AT_ONCE):
            for after, room_id, user_id in found:
                self._end_banned_membership(room_id, user_id)
            yield {"after": after}

    def _end_banned_membership(self, room_id: str, user_id: str) -> None:
        """End the membership of a user who was removed and not added by name since."""
        with self._membership_cache.lock_for_changes(room_id):
            # Read the membership before the removal, because adding by name deletes the removal
            # before it inserts the membership.
            try:
                room, _ = self._membership_cache.require_fresh(user_id, room_id)
            except NotFound:
                return
            if self._removals.exists(room_id, user_id):
                self._finish_removal(room, user_id)
