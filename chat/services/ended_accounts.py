"""Those whose accounts have ended are members of nothing, although their rooms are left later."""

from __future__ import annotations

from chat.repositories.users import UserRepository
from chat.services.jobs import Jobs
from chat.services.membership_cache import MembershipCache
from chat.services.usernames import Usernames

# Kinds of jobs that leave the rooms of an account.
REMOVE = "remove_account"
SWEEP = "sweep_account"


class EndedAccounts:
    """Lets this process take notice of accounts that have ended."""

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

    def exclude_ended(self) -> None:
        """Exclude those whose accounts have ended, here or elsewhere, and who may be in rooms yet.

        For each of them there is a job until all rooms are left, and for a while after.
        """
        ids = {one["user_id"] for one in self._jobs.list_arguments(REMOVE, SWEEP)}
        for user_id in ids - self._users.list_by_ids(ids).keys():
            self.exclude(user_id)

    def exclude(self, user_id: str) -> None:
        """Take a user for no member of any room, and forget what they were called."""
        self._membership_cache.exclude(user_id)
        self._usernames.forget(user_id)
