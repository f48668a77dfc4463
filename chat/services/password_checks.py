"""Checking passwords, with limits on wrong ones."""

from __future__ import annotations

from collections.abc import Callable

from chat.addresses import network_of
from chat.ids import new_id
from chat.keyed_locks import KeyedLocks
from chat.limits.limits import Limits
from chat.limits.rules import (
    FAILED_LOGINS_FROM_ANYWHERE,
    FAILED_LOGINS_OF_KNOWN,
    FAILED_LOGINS_PER_ACCOUNT,
    FAILED_LOGINS_PER_ADDRESS,
    LOG_INS,
    per_caller,
)
from chat.models import User
from chat.repositories.sessions import SessionRepository
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.devices import Devices
from chat.services.passwords import Passwords

LOG_INS_AT_ONCE = 8


class PasswordChecks:
    """Compares passwords, and counts the wrong ones by account, device and network."""

    def __init__(
        self,
        *,
        users: UserRepository,
        sessions: SessionRepository,
        passwords: Passwords,
        devices: Devices,
        limits: Limits,
        audit: Audit,
        clock: Callable[[], int],
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._passwords = passwords
        self._devices = devices
        self._limits = limits
        self._audit = audit
        self._clock = clock
        # One check at a time for each target. Otherwise many concurrent guesses would all pass the
        # limits before the first one failed. This also bounds the concurrent hash computations.
        self._locks = KeyedLocks(LOG_INS_AT_ONCE)

    def confirm(self, user_id: str, password: str, *, address: str) -> User | None:
        """Return the user as stored now if the password is right, or None; raise RateLimited.

        For authenticated users. Failed log-ins by others do not count against them.
        """
        target = f"user {user_id}"
        user, _ = self.check(target, password, address, lambda: self._users.find(user_id))
        if user is None:
            self._audit.record("password_wrong", user_id)
        return user

    def check(
        self,
        target: str,
        password: str,
        address: str,
        find: Callable[[], User | None],
        device_token: str = "",
    ) -> tuple[User | None, User | None]:
        """Return the user if the password is right, else None; and the user in any case.

        `find` returns the user. If there is none, the check takes as long and fails. `target` is
        the key of the counters. Raises RateLimited.
        """
        network = network_of(address)
        device = self._devices.read(device_token)
        right = (LOG_INS, f"{target} {network}")
        by_device = (FAILED_LOGINS_PER_ACCOUNT, f"{target} device {device.name if device else ''}")
        by_network = (FAILED_LOGINS_PER_ACCOUNT, f"{target} {network}")
        by_address = per_caller(FAILED_LOGINS_PER_ADDRESS, address)
        # Refuse callers over a limit before they take a lock, so that they delay nobody. Each check
        # costs a query, so only limits of callers who could hold the locks of many accounts.
        for rule, key in (right, *((by_device,) if device else by_address)):
            self._limits.check(rule, key)
        with self._locks.lock_for(target):
            user = find()  # under the lock, because the wait for it may be long
            if self._devices.is_of(device, user):
                wrong = [by_device, (FAILED_LOGINS_OF_KNOWN, f"{target} devices")]
            else:  # also for a token of another account or of an earlier password
                wrong = [by_device] if device else []
                wrong += [by_network, *by_address]
                if self._knows_network(user, address):
                    wrong.append((FAILED_LOGINS_OF_KNOWN, f"{target} networks"))
                else:
                    wrong.append((FAILED_LOGINS_FROM_ANYWHERE, target))
            for rule, key in wrong:
                self._limits.check(rule, key)
            # Adopted accounts may have no password until a reset sets one.
            known = user.password_hash if user else ""
            if self._passwords.verify(known or None, password):
                self._limits.count(*right)
                return user, user
            for rule, key in wrong:
                self._limits.count(rule, key)
            return None, user

    def _knows_network(self, user: User | None, address: str) -> bool:
        """Return whether the account has a session from that network; as slow without a user."""
        user_id = user.id if user else new_id()
        network_hash = self._devices.hash_of(address, user_id)
        return self._sessions.has_network(user_id, network_hash, self._clock())
