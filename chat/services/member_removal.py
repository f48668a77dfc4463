"""Keeping people out of a group until they are added by name."""

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

MOST_KEPT_OUT = 500  # of a group: people who were no members of it as they were removed
FINISH_REMOVAL = "finish_removal"
# Seconds after which a member who was removed is looked for once more: the database may have failed
# between the two writes, or the process died.
FINISH_AFTER = 10.0
SWEEP_REMOVED = "sweep_removed"
REMOVALS_AT_ONCE = 50


class TooManyKeptOut(Conflict):
    """A group keeps out as many people who were no members of it as it may."""

    text_key = "error.too_many_kept_out"


class MemberRemoval:
    """Removes members, also when a process dies in the middle of it."""

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
        """Keep a person out of a group until they are added by name; oneself: leave.

        They need not be a member: somebody who left by themselves before may be kept out too.
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
                    is_done = self._keep_out(room, actor, user_id)
                else:
                    policies.require_may_remove(room, membership, target)
                    is_done = self._take_out(room, actor, user_id)
                if is_done:
                    return
        raise Unavailable()

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
        return self._membership_cache.find_fresh(room, user_id) is None

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
        if self._membership_cache.find_fresh(room, user_id) is None or self._leaving.remove(
            room, user_id
        ):
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
        with self._membership_cache.lock_for_changes(room_id):
            # The membership first: to add somebody by name forgets the removal before they are in.
            try:
                room, _ = self._membership_cache.require_fresh(user_id, room_id)
            except NotFound:
                return
            if self._removals.exists(room_id, user_id):
                self._finish_removal(room, user_id)
