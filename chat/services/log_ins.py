"""Logging in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chat.errors import Forbidden, Unauthorized
from chat.models import User
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.devices import Devices
from chat.services.password_checks import PasswordChecks
from chat.services.passwords import Passwords
from chat.services.sessions import Grant, SessionService
from chat.text.addresses import fold_login, is_address


class WrongLogin(Unauthorized):
    """The name or the password is wrong; the error does not say which."""

    text_key = "error.wrong_login"


class AccountDisabled(Forbidden):
    """The name and the password are right, but an operator disabled the account."""

    text_key = "error.disabled"


class LogIns:
    """Starts sessions for callers with the right name and password."""

    def __init__(
        self,
        *,
        users: UserRepository,
        checks: PasswordChecks,
        sessions: SessionService,
        passwords: Passwords,
        devices: Devices,
        audit: Audit,
        clock: Callable[[], int],
    ) -> None:
        self._users = users
        self._checks = checks
        self._sessions = sessions
        self._passwords = passwords
        self._devices = devices
        self._audit = audit
        self._clock = clock

    def log_in(
        self,
        name: str,
        password: str,
        *,
        address: str,
        device: str,
        device_token: str = "",
        key: str | None = None,
    ) -> Grant:
        """Start a session by username or e-mail and password; raise Unauthorized or RateLimited.

        Raises AccountDisabled only if the password is right. `address` is the caller's network
        address, `device` the name of its program, `device_token` the result of `device_token_for`
        at an earlier log-in, and `key` the key to bind the session to.
        """
        # Count by the typed name. A counter shared by a username and an e-mail address would show
        # that they belong to one account.
        target = f"name {fold_login(name)}"
        user, found = self._checks.check(
            target, password, address, lambda: self._find(name), device_token
        )
        if user is None:
            self._audit.record("log_in_failed", target_id=found.id if found else "")
            raise WrongLogin()
        if user.disabled_at is not None:
            self._audit.record("log_in_failed", target_id=user.id, detail="disabled")
            raise AccountDisabled()
        user = self._renew_hash(user, password)
        grant = self._sessions.start(user, device, address=address, key=key)
        # After the session is stored. A password change, like the disabling of an account, is
        # written first and then ends all stored sessions. So either it ends this session, or it was
        # written before this session was stored and is read here.
        if not self._is_still_right(user, password):
            self._sessions.end(grant.session.id)
            self._audit.record("log_in_failed", target_id=user.id)
            raise WrongLogin()
        self._audit.record("logged_in", user.id, detail=grant.session.id)
        self._sessions.end_surplus(user.id)
        return grant

    def device_token_for(self, user: User) -> str:
        """Return a token by which an account knows the device at its next log-in.

        It is valid until the password of `user` changes.
        """
        return self._devices.token_for(user)

    def _find(self, name: str) -> User | None:
        # Adopted usernames may contain "@". Both queries always run.
        by_email = self._users.find_by_email(name) if is_address(name) else None
        by_username = self._users.find_by_username(name)
        return by_email or by_username

    def _renew_hash(self, user: User, password: str) -> User:
        """Return the user with a hash of the present parameters, from their checked password."""
        if not self._passwords.is_outdated(user.password_hash, password):
            return user
        renewed = self._passwords.hash(password)
        if not self._users.replace_password(user, renewed, self._clock()):
            return user  # another password or hash was stored meanwhile
        return replace(user, password_hash=renewed)

    def _is_still_right(self, user: User, password: str) -> bool:
        """Return whether the user's password is still this one."""
        stored = self._users.find(user.id)
        if stored is None or stored.disabled_at is not None:
            return False
        # Another log-in may have renewed the hash of the same password.
        return stored.password_hash == user.password_hash or self._passwords.verify(
            stored.password_hash or None, password
        )
