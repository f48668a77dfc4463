"""Logging in, staying logged in, logging out.

The refresh id rotates with every use. Each is derived from the one before it under the server's
secret, so two tabs that use the same one at once, or a client whose answer got lost, come to the
same next one although only hashes are stored. Any later use means that two parties hold the token:
the session ends for both.

A browser sends its cookies to every port of a host, so a neighbour may get a page's refresh token.
Therefore the session of a page is bound to a key that the page keeps where no other origin reads
it: without the key the refresh token is no use.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from cachetools import LRUCache

from chat.addresses import network_of
from chat.clock import DAY_MS, now_ms
from chat.errors import Forbidden, NotFound, Unauthorized
from chat.ids import new_id
from chat.keyed_locks import KeyedLocks
from chat.limits.limits import Limits
from chat.limits.rules import (
    CONNECTIONS,
    FAILED_LOGINS_FROM_ANYWHERE,
    FAILED_LOGINS_OF_KNOWN,
    FAILED_LOGINS_PER_ACCOUNT,
    FAILED_LOGINS_PER_ADDRESS,
    LOG_INS,
    per_caller,
)
from chat.models import Session, User
from chat.repositories.outages import is_outage
from chat.repositories.sessions import SessionRepository
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.devices import Devices
from chat.services.events import Events
from chat.services.passwords import Passwords
from chat.text.addresses import fold_login, is_address
from chat.tokens import hash_token

GRACE_MS = 10_000
LOG_INS_AT_ONCE = 8
KNOWN_ALIVE = 20_000  # sessions
MOST_SESSIONS = 100  # of one account that live; with one more the one used least lately ends


class WrongLogin(Unauthorized):
    """The name or the password is wrong; which of them is not said."""

    text_key = "error.wrong_login"


class AccountDisabled(Forbidden):
    """The name and the password are right, and the account was disabled by an operator."""

    text_key = "error.disabled"


@dataclass(frozen=True, slots=True)
class Grant:
    """A living session and the refresh id that is good for it now."""

    user: User
    session: Session
    refresh_id: str = field(repr=False)


class SessionService:
    """The verbs about being logged in.

    `secret` is the server's secret key; `refresh_days` how long an unused session lives; `clock` is
    shared by all processes.
    """

    def __init__(
        self,
        *,
        users: UserRepository,
        sessions: SessionRepository,
        passwords: Passwords,
        limits: Limits,
        events: Events,
        audit: Audit,
        secret: str,
        refresh_days: int = 30,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._passwords = passwords
        self._limits = limits
        self._events = events
        self._audit = audit
        self._key = hashlib.sha256(b"refresh ids\0" + secret.encode()).digest()
        self._devices = Devices(secret, clock)
        self._lifetime = refresh_days * DAY_MS
        self._clock = clock
        self._alive: LRUCache[str, str] = LRUCache(KNOWN_ALIVE)  # by session its user's id
        # One at a time for each target: otherwise a hundred guesses at once would all pass
        # before the first had failed. It also bounds how many hashes are computed at once.
        self._locks = KeyedLocks(LOG_INS_AT_ONCE)

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
        user, found = self._check(target, password, address, lambda: self._find(name), device_token)
        if user is None:
            self._audit.note("log_in_failed", target_id=found.id if found else "")
            raise WrongLogin()
        if user.disabled_at is not None:
            self._audit.note("log_in_failed", target_id=user.id, detail="disabled")
            raise AccountDisabled()
        user = self._renew_hash(user, password)
        grant = self.start(user, device, address=address, key=key)
        # Only now: a change of the password ends the sessions that are there after it was written,
        # and one that was written before this session was there is read here. To disable an account
        # is such a change.
        if not self._is_still_right(user, password):
            self._end(grant.session.id)
            self._audit.note("log_in_failed", target_id=user.id)
            raise WrongLogin()
        self._audit.note("logged_in", user.id, detail=grant.session.id)
        self._end_surplus(user.id)
        return grant

    def confirm(self, user_id: str, password: str, *, address: str) -> User | None:
        """Return the user as stored now if the password is right, or None; raise RateLimited.

        For those who are logged in: failures to log in as them do not keep them from it.
        """
        target = f"user {user_id}"
        user, _ = self._check(target, password, address, lambda: self._users.find(user_id))
        if user is None:
            self._audit.note("password_wrong", user_id)
        return user

    def device_token_for(self, user: User) -> str:
        """Return what a device keeps to be known at its next log-in to an account.

        It is good until the account has another password than `user`.
        """
        return self._devices.token_for(user)

    def start(self, user: User, device: str, *, address: str = "", key: str | None = None) -> Grant:
        """Start a session for a user who has shown who they are, from a network address.

        Where a key is given it is bound to that, and refreshing needs it then.
        """
        return self.start_many([user], device, address=address, key=key)[0]

    def start_many(
        self, users: Sequence[User], device: str, *, address: str = "", key: str | None = None
    ) -> list[Grant]:
        """Start a session for each of the users in one write."""
        now = self._clock()
        refresh_ids = [secrets.token_urlsafe(32) for _ in users]
        drafts = [
            Session(
                id="",
                user_id=user.id,
                device=device,
                created_at=now,
                last_used_at=now,
                rotated_at=now,
                refresh_hash=hash_token(refresh_id),
                network_hash=self._devices.hash_of(address, user.id) if address else "",
                key_hash=_hash_key(key),
            )
            for user, refresh_id in zip(users, refresh_ids, strict=True)
        ]
        stored = self._sessions.insert_many(drafts, now + self._lifetime)
        self._alive.update((session.id, session.user_id) for session in stored)
        return [Grant(*one) for one in zip(users, stored, refresh_ids, strict=True)]

    def authenticate(self, user_id: str, session_id: str) -> User:
        """Return the user of a living session; raise Unauthorized when it is not alive."""
        try:
            if self._sessions.find_alive(session_id, user_id, self._clock()) is None:
                raise Unauthorized()
            user = self._require_enabled(user_id)
        except Unauthorized:
            self._alive.pop(session_id, None)
            raise
        self._alive[session_id] = user_id
        return user

    def was_alive(self, user_id: str, session_id: str) -> bool:
        """Tell whether a session was alive when it was last asked for; this asks nobody.

        One that ended in another process is known to be dead once it has been asked for again.
        """
        return self._alive.get(session_id) == user_id

    def count_connection(self, opener_id: str) -> None:
        """Count a connection that a session or a user opens; raise RateLimited for too many."""
        self._limits.count(CONNECTIONS, opener_id)

    def refresh(
        self, user_id: str, session_id: str, refresh_id: str, key: str | None = None
    ) -> Grant:
        """Rotate the refresh id; raise Unauthorized, and end the session if an old one was used.

        For 10 s the previous id gives the same result again, also at another process: all go by the
        clock they share. A session that is bound to no key is bound to the one that is given; with
        another key than its own nothing happens to it.
        """
        now = self._clock()
        presented, next_id = hash_token(refresh_id), self._next(refresh_id)
        session = self._sessions.rotate(
            session_id,
            user_id,
            presented,
            hash_token(next_id),
            now,
            now + self._lifetime,
            _hash_key(key),
        )
        if session is None:
            session = self._sessions.find_alive(session_id, user_id, now)
            if session is None or not _may_use(session, key):
                raise Unauthorized()
            if presented != session.previous_hash or abs(now - session.rotated_at) > GRACE_MS:
                self._end(session_id)
                self._audit.note("refresh_reused", target_id=user_id, detail=session_id)
                raise Unauthorized()
        return Grant(self._require_enabled(user_id), session, next_id)

    def log_out(
        self, user_id: str, session_id: str, refresh_id: str = "", key: str | None = None
    ) -> None:
        """End the session that the caller speaks through; raise Unauthorized if it is dead.

        A caller with a refresh token (`refresh_id` is not empty) needs the key of the session too.
        """
        session = self._sessions.find_alive(session_id, user_id, self._clock())
        if session is None or (refresh_id and not _may_use(session, key)):
            raise Unauthorized()
        self._end(session_id)
        self._audit.note("session_ended", user_id, detail=session_id)

    def end_all(self, user_id: str) -> None:
        """End every session of the user; their tokens are dead, their connections closed."""
        ended = self._sessions.end_all(user_id)
        for session_id in ended:
            self._alive.pop(session_id, None)
            self._events.session_ended(session_id)
        if ended:
            self._audit.note("sessions_ended", target_id=user_id, detail=str(len(ended)))

    def list(self, user_id: str) -> list[Session]:
        """Return the user's living sessions, the one used last first."""
        return self._sessions.list_alive(user_id, self._clock())

    def end_own(self, user_id: str, session_id: str) -> None:
        """End one of one's own sessions; raise NotFound if there is none such."""
        if self._sessions.find_alive(session_id, user_id, self._clock()) is None:
            raise NotFound()
        self._end(session_id)
        self._audit.note("session_ended", user_id, detail=session_id)

    def _check(
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

    def _renew_hash(self, user: User, password: str) -> User:
        """Return the user with a hash of today's parameters; the password is known to be theirs."""
        if not self._passwords.is_outdated(user.password_hash, password):
            return user
        renewed = self._passwords.hash(password)
        if not self._users.replace_password(user, renewed, self._clock()):
            return user  # it is another one by now
        return replace(user, password_hash=renewed)

    def _knows_network(self, user: User | None, address: str) -> bool:
        """Tell whether the account was lately logged in to from there; asks as long for nobody."""
        user_id = user.id if user else new_id()
        network_hash = self._devices.hash_of(address, user_id)
        return self._sessions.has_network(user_id, network_hash, self._clock())

    def _end_surplus(self, user_id: str) -> None:
        """End what is too many; where the database fails now, the next log-in does."""
        try:
            for session in self.list(user_id)[MOST_SESSIONS:]:
                self._end(session.id)
                self._audit.note("session_ended", target_id=user_id, detail=session.id)
        except Exception as error:
            if not is_outage(error):
                raise

    def _end(self, session_id: str) -> None:
        self._alive.pop(session_id, None)
        if self._sessions.end(session_id):
            self._events.session_ended(session_id)

    def _find(self, name: str) -> User | None:
        # Today's usernames have no "@", but adopted ones may. Both are always asked for.
        by_email = self._users.find_by_email(name) if is_address(name) else None
        by_username = self._users.find_by_username(name)
        return by_email or by_username

    def _require_enabled(self, user_id: str) -> User:
        """Return the user; raise Unauthorized for one who is gone or disabled."""
        user = self._users.find(user_id)
        if user is None or user.disabled_at is not None:
            raise Unauthorized()
        return user

    def _is_still_right(self, user: User, password: str) -> bool:
        """Tell whether a password that was the user's still is."""
        stored = self._users.find(user.id)
        if stored is None or stored.disabled_at is not None:
            return False
        # another log-in may have hashed the same password anew
        return stored.password_hash == user.password_hash or self._passwords.verify(
            stored.password_hash or None, password
        )

    def _next(self, refresh_id: str) -> str:
        return hmac.new(self._key, refresh_id.encode(), hashlib.sha256).hexdigest()


def _hash_key(key: str | None) -> str | None:
    return None if key is None else hash_token(key)


def _may_use(session: Session, key: str | None) -> bool:
    """Tell whether a refresh token of the session is good with that key."""
    return session.key_hash is None or session.key_hash == _hash_key(key)
