"""Deleted accounts count as members of no room, although a job takes them out later."""

from __future__ import annotations

from chat.repositories.users import UserRepository
from chat.services.jobs import Jobs
from chat.services.membership_cache import MembershipCache
from chat.services.usernames import Usernames

# Kinds of jobs that leave the rooms of an account.
REMOVE = "remove_account"
SWEEP = "sweep_account"


class DeletedAccounts:
    """Excludes deleted accounts from this process's caches."""

    def __init__(
        self,
        users: UserRepository,
        membership_cache: MembershipCache,
        usernames: Usernames,
        jobs: Jobs,
    ) -> None:
        self._users = users
        self._membership_cache = membership_cache
        self._usernames = usernames
        self._jobs = jobs

    def exclude_deleted(self) -> None:
        """Exclude accounts that any process deleted and that may still be in rooms.

        For each of them there is a job until it has left all rooms, and for a while after.
        """
        ids = {one["user_id"] for one in self._jobs.list_arguments(REMOVE, SWEEP)}
        for user_id in ids - self._users.list_by_ids(ids).keys():
            self.exclude(user_id)

    def exclude(self, user_id: str) -> None:
        """Treat a user as a member of no room, and drop their cached names."""
        self._membership_cache.exclude(user_id)
        self._usernames.forget(user_id)
