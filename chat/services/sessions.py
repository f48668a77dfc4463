"""Sessions: starting, refreshing and ending them.

The refresh id rotates with every use. Each is derived from the one before it under the server's
secret. So two tabs that use the same one at once, or a client that lost an answer, get the
same next one although only hashes are stored. Any later use means that two parties hold the token:
the session ends for both.

A browser sends its cookies to every port of a host, so another server on the host may get a page's
refresh token. Therefore the session of a page is bound to a key, which the page stores where no
other origin can read it. Without the key the refresh token is useless.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cachetools import LRUCache

from chat.clock import DAY_MS, now_ms
from chat.errors import NotFound, Unauthorized
from chat.models import Session, User
from chat.repositories.outages import is_outage
from chat.repositories.sessions import SessionRepository
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.devices import Devices
from chat.services.events import Events
from chat.tokens import hash_token

GRACE_MS = 10_000
KNOWN_ALIVE = 20_000  # cached sessions
MAX_SESSIONS = 100  # live ones of an account; one more ends the least recently used one


@dataclass(frozen=True, slots=True)
class Grant:
    """A live session and its present refresh id."""

    user: User
    session: Session
    refresh_id: str = field(repr=False)


class SessionService:
    """Starts, authenticates, refreshes and ends sessions.

    `secret` is the server's secret key. An unused session expires after `refresh_days`. All
    processes share `clock`.
    """

    def __init__(
        self,
        *,
        users: UserRepository,
        sessions: SessionRepository,
        devices: Devices,
        events: Events,
        audit: Audit,
        secret: str,
        refresh_days: int = 30,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._devices = devices
        self._events = events
        self._audit = audit
        self._key = hashlib.sha256(b"refresh ids\0" + secret.encode()).digest()
        self._lifetime = refresh_days * DAY_MS
        self._clock = clock
        self._alive: LRUCache[str, str] = LRUCache(KNOWN_ALIVE)  # user ids by session id

    def start(self, user: User, device: str, *, address: str = "", key: str | None = None) -> Grant:
        """Start a session for an authenticated user from a network address.

        If a key is given, the session is bound to it, and refreshing needs it.
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
        """Return the user of a live session; raise Unauthorized if it has ended."""
        user = self.authenticate_many({session_id: user_id}).get(session_id)
        if user is None:
            raise Unauthorized()
        return user

    def authenticate_many(self, claimed: Mapping[str, str]) -> dict[str, User]:
        """Return the users of the live ones among some sessions, by session id.

        `claimed` are the user ids in the tokens, by session id. A session of another user, or of a
        deleted or disabled account, counts as ended.
        """
        # First the sessions, then the users: a log-in does it the other way around, so an account
        # that is disabled meanwhile has no session that is found here.
        alive = self._sessions.find_users_of_alive(claimed, self._clock())
        users = self._users.list_by_ids(alive.values())
        found: dict[str, User] = {}
        for session_id, user_id in claimed.items():
            user = users.get(user_id) if alive.get(session_id) == user_id else None
            if user is None or user.disabled_at is not None:
                self._alive.pop(session_id, None)
            else:
                self._alive[session_id] = user_id
                found[session_id] = user
        return found

    def was_alive(self, user_id: str, session_id: str) -> bool:
        """Return whether a session was alive at its last authentication here, without a query.

        A session that ended in another process counts as alive until its next authentication.
        """
        return self._alive.get(session_id) == user_id

    def refresh(
        self, user_id: str, session_id: str, refresh_id: str, key: str | None = None
    ) -> Grant:
        """Rotate the refresh id; raise Unauthorized, and end the session if an old one was used.

        For 10 s the previous id gives the same result again, also at another process, because all
        share a clock. A session without a key is bound to the given one. A wrong key raises
        Unauthorized and does not change the session.
        """
        now = self._clock()
        presented, next_id = hash_token(refresh_id), self._derive_next(refresh_id)
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
                self.end(session_id)
                self._audit.record("refresh_reused", target_id=user_id, detail=session_id)
                raise Unauthorized()
        return Grant(self._require_enabled(user_id), session, next_id)

    def log_out(
        self, user_id: str, session_id: str, refresh_id: str = "", key: str | None = None
    ) -> None:
        """End the caller's session; raise Unauthorized if it has ended.

        A caller with a refresh token (`refresh_id` is not empty) also needs the session's key.
        """
        session = self._sessions.find_alive(session_id, user_id, self._clock())
        if session is None or (refresh_id and not _may_use(session, key)):
            raise Unauthorized()
        self.end(session_id)
        self._audit.record("session_ended", user_id, detail=session_id)

    def end_all(self, user_id: str) -> None:
        """End every session of the user: invalidate the tokens, close the connections."""
        ended = self._sessions.end_all(user_id)
        for session_id in ended:
            self._alive.pop(session_id, None)
            self._events.session_ended(session_id)
        if ended:
            self._audit.record("sessions_ended", target_id=user_id, detail=str(len(ended)))

    def list(self, user_id: str) -> list[Session]:
        """Return the user's live sessions, the most recently used first."""
        return self._sessions.list_alive(user_id, self._clock())

    def end_own(self, user_id: str, session_id: str) -> None:
        """End one of the user's own sessions; raise NotFound."""
        if self._sessions.find_alive(session_id, user_id, self._clock()) is None:
            raise NotFound()
        self.end(session_id)
        self._audit.record("session_ended", user_id, detail=session_id)

    def end_surplus(self, user_id: str) -> None:
        """End sessions beyond MAX_SESSIONS; after a database outage the next log-in does."""
        try:
            for session in self.list(user_id)[MAX_SESSIONS:]:
                self.end(session.id)
                self._audit.record("session_ended", target_id=user_id, detail=session.id)
        except Exception as error:
            if not is_outage(error):
                raise

    def end(self, session_id: str) -> None:
        """End a session: invalidate its tokens, close its connections."""
        self._alive.pop(session_id, None)
        if self._sessions.end(session_id):
            self._events.session_ended(session_id)

    def _require_enabled(self, user_id: str) -> User:
        """Return the user; raise Unauthorized for a deleted or disabled account."""
        user = self._users.find(user_id)
        if user is None or user.disabled_at is not None:
            raise Unauthorized()
        return user

    def _derive_next(self, refresh_id: str) -> str:
        return hmac.new(self._key, refresh_id.encode(), hashlib.sha256).hexdigest()


def _hash_key(key: str | None) -> str | None:
    return None if key is None else hash_token(key)


def _may_use(session: Session, key: str | None) -> bool:
    """Return whether the key is that of the session, or the session has none."""
    return session.key_hash is None or session.key_hash == _hash_key(key)
