"""Resetting a lost password by a mailed code or a link."""

from __future__ import annotations

from collections.abc import Callable

from chat.errors import InvalidInput
from chat.models import User
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.codes import VerificationCodes, wrong_code
from chat.services.links import Links
from chat.services.passwords import Passwords
from chat.services.proofs import Proofs
from chat.services.sessions import SessionService


class PasswordResets:
    """Sets new passwords for users who lost theirs, and ends all their sessions."""

    def __init__(
        self,
        *,
        users: UserRepository,
        proofs: Proofs,
        codes: VerificationCodes,
        links: Links,
        sessions: SessionService,
        passwords: Passwords,
        audit: Audit,
        clock: Callable[[], int],
    ) -> None:
        self._users = users
        self._proofs = proofs
        self._codes = codes
        self._links = links
        self._sessions = sessions
        self._passwords = passwords
        self._audit = audit
        self._clock = clock

    def reset_password(self, *, email: str, code: str, password: str, address: str) -> User:
        """Set a new password by a mailed code, end every session, and return the user.

        Raises InvalidInput, and RateLimited for a caller with too many wrong codes.
        """
        self._proofs.check_code(email, "reset", code, address)
        user = self._users.find_by_email(email)
        if user is None or not self._codes.use_up(email, "reset"):
            raise wrong_code()
        return self._set_password(user, self._passwords.hash(password))

    def reset_password_by_link(self, *, reset_token: str, password: str, address: str) -> User:
        """Set a new password by the token of a reset link, end every session, return the user.

        Raises InvalidInput, and RateLimited for a caller with too many wrong tokens.
        """
        link = self._proofs.find_link("reset", reset_token, "reset_token", address)
        user = self._users.find(link.user_id)
        password_hash = self._passwords.hash(password)
        if user is None or not self._links.spend_use(link):
            raise InvalidInput({"reset_token": ["invalid.link"]})
        return self._set_password(user, password_hash)

    def _set_password(self, user: User, password_hash: str) -> User:
        changed = self._users.update(user.id, {"password_hash": password_hash}, self._clock())
        self._audit.record("password_reset", user.id)
        self._proofs.end_resets(user)
        self._sessions.end_all(user.id)  # after the write, so that the old password is useless
        return changed
