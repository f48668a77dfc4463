"""Being logged in, staying so, logging out.

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
KNOWN_ALIVE = 20_000  # sessions
MOST_SESSIONS = 100  # of one account that live; with one more the one used least lately ends


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
        self._alive: LRUCache[str, str] = LRUCache(KNOWN_ALIVE)  # by session its user's id

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
                self.end(session_id)
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
        self.end(session_id)
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
        self.end(session_id)
        self._audit.note("session_ended", user_id, detail=session_id)

    def end_surplus(self, user_id: str) -> None:
        """End what is too many; where the database fails now, the next log-in does."""
        try:
            for session in self.list(user_id)[MOST_SESSIONS:]:
                self.end(session.id)
                self._audit.note("session_ended", target_id=user_id, detail=session.id)
        except Exception as error:
            if not is_outage(error):
                raise

    def end(self, session_id: str) -> None:
        """End a session; its tokens are dead, its connections closed."""
        self._alive.pop(session_id, None)
        if self._sessions.end(session_id):
            self._events.session_ended(session_id)

    def _require_enabled(self, user_id: str) -> User:
        """Return the user; raise Unauthorized for one who is gone or disabled."""
        user = self._users.find(user_id)
        if user is None or user.disabled_at is not None:
            raise Unauthorized()
        return user

    def _next(self, refresh_id: str) -> str:
        return hmac.new(self._key, refresh_id.encode(), hashlib.sha256).hexdigest()


def _hash_key(key: str | None) -> str | None:
    return None if key is None else hash_token(key)


def _may_use(session: Session, key: str | None) -> bool:
    """Tell whether a refresh token of the session is good with that key."""
    return session.key_hash is None or session.key_hash == _hash_key(key)
