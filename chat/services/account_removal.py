"""Removal of an account: its access ends at once, and a job takes it out of its rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.deleted_accounts import REMOVE, SWEEP, DeletedAccounts
from chat.services.jobs import Jobs, Progress
from chat.services.leaving import Leaving
from chat.services.sessions import SessionService

# Seconds until the account's rooms are searched once more. A process may have died after it added
# the account to a room and before it noticed that the account is deleted.
SWEEP_AFTER = 60.0


class UserDataService(Protocol):
    """A service that stores data of a user other than rooms and sessions."""

    def delete_user_data(self, user_id: str) -> None: ...


class AccountRemoval:
    """Removes accounts by jobs, so that the removal is completed after a crash at any point."""

    def __init__(
        self,
        *,
        users: UserRepository,
        sessions: SessionService,
        leaving: Leaving,
        deleted_accounts: DeletedAccounts,
        user_data: Sequence[UserDataService],
        audit: Audit,
        jobs: Jobs,
        clock: Callable[[], int],
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._leaving = leaving
        self._deleted_accounts = deleted_accounts
        self._user_data = user_data
        self._audit = audit
        self._jobs = jobs
        self._clock = clock
        jobs.register(REMOVE, self._remove)
        jobs.register(SWEEP, self._sweep)

    def remove(self, user_id: str) -> None:
        """Erase an account at once and leave its rooms by a job.

        The job is stored first. From then on the account is removed even if this call fails.
        """
        self._jobs.enqueue_local(REMOVE, {"user_id": user_id})
        self._erase_account(user_id)

    def _erase_account(self, user_id: str) -> None:
        """End the sessions and erase the account. Idempotent."""
        self._sessions.end_all(user_id)
        if self._users.erase(user_id, self._clock()):
            self._audit.record("account_deleted", user_id)
        self._deleted_accounts.exclude(user_id)
        self._sessions.end_all(user_id)  # a log-in may have come in between

    def _remove(self, arguments: Mapping[str, Any], progress: Progress) -> Iterator[Progress]:
        user_id = arguments["user_id"]
        # The process that began the removal may have died before this, or may still be on its way.
        self._erase_account(user_id)
        yield from self._sweep(arguments, progress)
        self._jobs.enqueue(SWEEP, {"user_id": user_id}, SWEEP_AFTER)

    def _sweep(self, arguments: Mapping[str, Any], progress: Progress) -> Iterator[Progress]:
        """Leave all rooms, but stop when a restore brings the account back."""
        user_id = arguments["user_id"]
        if self._users.find(user_id) is None:  # before the rooms: a failing room ends this call
            self._delete_user_data(user_id)
        left = self._leaving.leave_all(user_id)
        while self._users.find(user_id) is None:
            if next(left, None) is None:
                self._delete_user_data(user_id)
                self._sessions.end_all(user_id)
                return
            yield progress

    def _delete_user_data(self, user_id: str) -> None:
        for service in self._user_data:
            service.delete_user_data(user_id)
