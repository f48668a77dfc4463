"""Changing a password with the current one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chat.errors import InvalidInput
from chat.models import User
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.password_checks import PasswordChecks
from chat.services.passwords import Passwords
from chat.services.proofs import Proofs
from chat.services.sessions import SessionService


class PasswordChanges:
    """Changes the caller's own password and ends all their sessions."""

    def __init__(
        self,
        *,
        users: UserRepository,
        checks: PasswordChecks,
        proofs: Proofs,
        sessions: SessionService,
        passwords: Passwords,
        audit: Audit,
        clock: Callable[[], int],
    ) -> None:
        self._users = users
        self._checks = checks
        self._proofs = proofs
        self._sessions = sessions
        self._passwords = passwords
        self._audit = audit
        self._clock = clock

    def change_password(
        self, user: User, *, current_password: str, password: str, address: str
    ) -> User:
        """Set a new password, end every session, and return the changed user.

        Raises InvalidInput if the current password is wrong.
        """
        confirmed = self._checks.confirm(user.id, current_password, address=address)
        password_hash = self._passwords.hash(password) if confirmed else ""
        if confirmed is None or not self._users.replace_password(
            confirmed, password_hash, self._clock()
        ):
            raise InvalidInput({"current_password": ["invalid.password"]})
        self._audit.record("password_changed", user.id)
        self._proofs.end_resets(user)
        self._sessions.end_all(user.id)
        return replace(confirmed, password_hash=password_hash)
