"""Whether a password is somebody's; too many wrong ones are refused."""

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
        # One at a time for each target: otherwise a hundred guesses at once would all pass
        # before the first had failed. It also bounds how many hashes are computed at once.
        self._locks = KeyedLocks(LOG_INS_AT_ONCE)

    def confirm(self, user_id: str, password: str, *, address: str) -> User | None:
        """Return the user as stored now if the password is right, or None; raise RateLimited.

        For those who are logged in: failures to log in as them do not keep them from it.
        """
        target = f"user {user_id}"
        user, _ = self.check(target, password, address, lambda: self._users.find(user_id))
        if user is None:
            self._audit.note("password_wrong", user_id)
        return user

    def check(
        self,
        target: str,
        password: str,
        address: str,
        find: Callable[[], User | None],
        device_token: str = "",
    ) -> tuple[User | None, User | None]:
        """Return who is found if the password is theirs, else None, and who is found at all.

        Raises RateLimited. Without a user it takes as long and is wrong. `target` is what they are
        counted by.
        """
        network = network_of(address)
        device = self._devices.read(device_token)
        right = (LOG_INS, f"{target} {network}")
        by_device = (FAILED_LOGINS_PER_ACCOUNT, f"{target} device {device.name if device else ''}")
        by_network = (FAILED_LOGINS_PER_ACCOUNT, f"{target} {network}")
        by_address = per_caller(FAILED_LOGINS_PER_ADDRESS, address)
        # Whoever is certain to be refused keeps nobody waiting. Each test costs a query, so it is
        # only of those who could hold the locks of many accounts.
        for rule, key in (right, *((by_device,) if device else by_address)):
            self._limits.check(rule, key)
        with self._locks.lock_for(target):
            user = find()  # not before: after a long wait an earlier answer would be outdated
            if self._devices.is_of(device, user):
                wrong = [by_device, (FAILED_LOGINS_OF_KNOWN, f"{target} devices")]
            else:  # also with a token of another account, or from before its password
                wrong = [by_device] if device else []
                wrong += [by_network, *by_address]
                if self._knows_network(user, address):
                    wrong.append((FAILED_LOGINS_OF_KNOWN, f"{target} networks"))
                else:
                    wrong.append((FAILED_LOGINS_FROM_ANYWHERE, target))
            for rule, key in wrong:
                self._limits.check(rule, key)
            # Adopted accounts may have none until it is set by a mailed code.
            known = user.password_hash if user else ""
            if self._passwords.verify(known or None, password):
                self._limits.count(*right)
                return user, user
            for rule, key in wrong:
                self._limits.count(rule, key)
            return None, user

    def _knows_network(self, user: User | None, address: str) -> bool:
        """Tell whether the account was lately logged in to from there; asks as long for nobody."""
        user_id = user.id if user else new_id()
        network_hash = self._devices.hash_of(address, user_id)
        return self._sessions.has_network(user_id, network_hash, self._clock())
