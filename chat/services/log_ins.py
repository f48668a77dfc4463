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
    """The name or the password is wrong; which of them is not said."""

    text_key = "error.wrong_login"


class AccountDisabled(Forbidden):
    """The name and the password are right, and the account was disabled by an operator."""

    text_key = "error.disabled"


class LogIns:
    """Starts sessions for those who know a name and its password."""

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

        Raises AccountDisabled too, for the right password alone.
        `address` is the caller's network address, `device` what its program calls itself,
        `device_token` what `device_token_for` gave it at an earlier log-in, and `key` what the
        session is bound to.
        """
        # Counted by what was typed: a count that a username and an e-mail address shared would show
        # that they are of one account.
        target = f"name {fold_login(name)}"
        user, found = self._checks.check(
            target, password, address, lambda: self._find(name), device_token
        )
        if user is None:
            self._audit.note("log_in_failed", target_id=found.id if found else "")
            raise WrongLogin()
        if user.disabled_at is not None:
            self._audit.note("log_in_failed", target_id=user.id, detail="disabled")
            raise AccountDisabled()
        user = self._renew_hash(user, password)
        grant = self._sessions.start(user, device, address=address, key=key)
        # Only now: a change of the password ends the sessions that are there after it was written,
        # and one that was written before this session was there is read here. To disable an account
        # is such a change.
        if not self._is_still_right(user, password):
            self._sessions.end(grant.session.id)
            self._audit.note("log_in_failed", target_id=user.id)
            raise WrongLogin()
        self._audit.note("logged_in", user.id, detail=grant.session.id)
        self._sessions.end_surplus(user.id)
        return grant

    def device_token_for(self, user: User) -> str:
        """Return what a device keeps to be known at its next log-in to an account.

        It is good until the account has another password than `user`.
        """
        return self._devices.token_for(user)

    def _find(self, name: str) -> User | None:
        # Today's usernames have no "@", but adopted ones may. Both are always asked for.
        by_email = self._users.find_by_email(name) if is_address(name) else None
        by_username = self._users.find_by_username(name)
        return by_email or by_username

    def _renew_hash(self, user: User, password: str) -> User:
        """Return the user with a hash of today's parameters; the password is known to be theirs."""
        if not self._passwords.is_outdated(user.password_hash, password):
            return user
        renewed = self._passwords.hash(password)
        if not self._users.replace_password(user, renewed, self._clock()):
            return user  # it is another one by now
        return replace(user, password_hash=renewed)

    def _is_still_right(self, user: User, password: str) -> bool:
        """Tell whether a password that was the user's still is."""
        stored = self._users.find(user.id)
        if stored is None or stored.disabled_at is not None:
            return False
        # another log-in may have hashed the same password anew
        return stored.password_hash == user.password_hash or self._passwords.verify(
            stored.password_hash or None, password
        )
