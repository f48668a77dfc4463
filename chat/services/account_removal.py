"""The end of an account: it can do nothing from that moment on, and leaves its rooms beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.ended_accounts import REMOVE, SWEEP, EndedAccounts
from chat.services.jobs import Jobs, Progress
from chat.services.leaving import Leaving
from chat.services.sessions import SessionService

# Seconds after which the account's rooms are looked for once more: a process may have died between
# letting the account into a room and noticing that it is gone.
SWEEP_AFTER = 60.0


class Forgetful(Protocol):
    """A service that keeps something of people beside their rooms and sessions."""

    def forget_user(self, user_id: str) -> None: ...


class AccountRemoval:
    """Removes accounts by jobs, so that a crash at any point leaves nothing behind for good."""

    def __init__(
        self,
        *,
        users: UserRepository,
        sessions: SessionService,
        leaving: Leaving,
        ended: EndedAccounts,
        forgetful: Sequence[Forgetful],
        audit: Audit,
        jobs: Jobs,
        clock: Callable[[], int],
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._leaving = leaving
        self._ended = ended
        self._forgetful = forgetful
        self._audit = audit
        self._jobs = jobs
        self._clock = clock
        jobs.register(REMOVE, self._remove)
        jobs.register(SWEEP, self._sweep)

    def remove(self, user_id: str) -> None:
        """End an account at once; its rooms are left by a job.

        The job comes first. Once it is stored the account ends, also when this call fails.
        """
        self._jobs.add_here(REMOVE, {"user_id": user_id})
        self._end(user_id)

    def _end(self, user_id: str) -> None:
        """End the sessions and erase the account, unless that is done. It may be repeated."""
        self._sessions.end_all(user_id)
        if self._users.erase(user_id, self._clock()):
            self._audit.note("account_deleted", user_id)
        self._ended.exclude(user_id)
        self._sessions.end_all(user_id)  # Somebody may have logged in between the two writes.

    def _remove(self, arguments: Mapping[str, Any], progress: Progress) -> Iterator[Progress]:
        user_id = arguments["user_id"]
        # The process that began the removal may have died, or may not be that far yet.
        self._end(user_id)
        yield from self._sweep(arguments, progress)
        self._jobs.add(SWEEP, {"user_id": user_id}, SWEEP_AFTER)

    def _sweep(self, arguments: Mapping[str, Any], progress: Progress) -> Iterator[Progress]:
        """Leave all rooms while the account is gone; a restore may bring it back."""
        user_id = arguments["user_id"]
        if self._users.find(user_id) is None:  # first, because a room that fails ends this
            self._forget(user_id)
        left = self._leaving.leave_all(user_id)
        while self._users.find(user_id) is None:
            if next(left, None) is None:
                self._forget(user_id)
                self._sessions.end_all(user_id)
                return
            yield progress

    def _forget(self, user_id: str) -> None:
        for one in self._forgetful:
            one.forget_user(user_id)
