"""The connected clients: one `Connection` for each client and namespace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache

from chat.budgets import Account
from chat.errors import RateLimited, Unauthorized
from chat.models import Room, RoomKind, User

NAMESPACES: dict[RoomKind, str] = {"direct": "/direct", "group": "/group"}
KNOWN_ENDED = 10_000  # sessions
RETRY_AFTER = 10  # seconds, for a user with too many sockets


@dataclass(eq=False, slots=True)
class Connection:
    """A client's connection to one namespace, from before it is accepted until it is closed.

    A `pending` connection is not accepted yet and receives nothing. `channels` are those it will
    enter when accepted; `changes` are the later changes of them, as (channel, enters).
    """

    sid: str
    eio_sid: str
    namespace: str
    user: User
    session_id: str
    expires_at: int  # of the access token, milliseconds since 1970 UTC
    accept_language: str | None
    payer: Account  # is charged for the client's events
    pending: bool = field(default=True, init=False)
    ended: bool = field(default=False, init=False)
    warned: bool = field(default=False, init=False)  # `session_expired` was sent for this token
    rooms: list[Room] = field(
        default_factory=list, init=False
    )  # of the user, read before it was accepted
    channels: set[str] = field(default_factory=set, init=False)
    changes: list[tuple[str, bool]] = field(default_factory=list, init=False)
    # Events in the order of their arrival; an empty list takes a tenth of an empty deque.
    waiting: list[Any] = field(default_factory=list, init=False)
    waiting_size: int = field(default=0, init=False)  # characters of their texts
    handling: bool = field(default=False, init=False)
    unanswered: int = field(
        default=0, init=False
    )  # events that are stored, see `event_queue.STORED_EVENTS`


class Connections:
    """All connections of this process, by sid, by user and by session.

    A user may have `max_per_user` sockets open at once, each with any of the namespaces; any number
    when it is None.
    """

    def __init__(self, max_per_user: int | None = None) -> None:
        self._max_per_user = max_per_user
        # How many CONNECT requests of one session may wait.
        self.max_pending_connects = None if max_per_user is None else max_per_user * len(NAMESPACES)
        self._by_sid: dict[str, Connection] = {}
        self._pending: dict[Connection, None] = {}  # in the order of their arrival
        self._by_user: defaultdict[str, set[Connection]] = defaultdict(set)
        self._by_session: defaultdict[str, set[Connection]] = defaultdict(set)
        self._ended_sessions: LRUCache[str, None] = LRUCache(KNOWN_ENDED)

    def add_connection(self, connection: Connection) -> None:
        """Add a connection, accepted or pending. If its session just ended, it is ended too.

        Raises RateLimited when its user has too many other sockets.
        """
        others = {found.eio_sid for found in self._by_user.get(connection.user.id, ())}
        others.discard(connection.eio_sid)
        if self._max_per_user is not None and len(others) >= self._max_per_user:
            raise RateLimited(RETRY_AFTER)
        connection.ended = connection.session_id in self._ended_sessions
        self._by_sid[connection.sid] = connection
        if connection.pending:
            self._pending[connection] = None
        self._by_user[connection.user.id].add(connection)
        self._by_session[connection.session_id].add(connection)

    def remove_connection(self, sid: str) -> Connection | None:
        """Remove a connection and return it, or None when there is none."""
        connection = self._by_sid.pop(sid, None)
        if connection is not None:
            connection.ended = True
            connection.waiting.clear()
            self._pending.pop(connection, None)
            self._discard(self._by_user, connection.user.id, connection)
            self._discard(self._by_session, connection.session_id, connection)
        return connection

    def mark_accepted(self, connection: Connection) -> None:
        """Mark a connection as accepted: it is no longer pending."""
        connection.pending = False
        self._pending.pop(connection, None)

    def find_by_sid(self, sid: str | None) -> Connection | None:
        """Return the connection with that sid, or None."""
        return self._by_sid.get(sid) if sid is not None else None

    def list_of_user(self, user_id: str, namespace: str | None = None) -> list[Connection]:
        """Return the connections of a user, in one namespace or in all."""
        return [
            found
            for found in self._by_user.get(user_id, ())
            if namespace is None or found.namespace == namespace
        ]

    def list_of_session(self, session_id: str) -> list[Connection]:
        """Return the connections that were opened with tokens of a session."""
        return list(self._by_session.get(session_id, ()))

    def record_ended_session(self, session_id: str) -> None:
        """Record that a session ended. A connection that it is opening right now ends too."""
        self._ended_sessions[session_id] = None

    def list_all(self) -> Iterable[Connection]:
        """Return all connections."""
        return list(self._by_sid.values())

    def move_to_session(self, connection: Connection, session_id: str) -> None:
        """Move a connection to another session of the same user.

        Raises Unauthorized when that session or the connection has just ended.
        """
        if connection.ended or session_id in self._ended_sessions:
            raise Unauthorized()
        self._discard(self._by_session, connection.session_id, connection)
        connection.session_id = session_id
        self._by_session[session_id].add(connection)

    def is_online(self, user_id: str) -> bool:
        """Return whether a user has an accepted connection in this process."""
        return any(not found.pending for found in self._by_user.get(user_id, ()))

    def list_pending(self, namespace: str) -> list[Connection]:
        """Return the pending connections of a namespace."""
        return [found for found in self._pending if found.namespace == namespace]

    @staticmethod
    def _discard(
        index: defaultdict[str, set[Connection]], key: str, connection: Connection
    ) -> None:
        index[key].discard(connection)
        if not index[key]:
            del index[key]
