"""The connected clients: one `Connection` for each client and namespace."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache

from chat.budgets import Account
from chat.errors import RateLimited, Unauthorized
from chat.models import Room, RoomKind, User

NAMESPACES: dict[RoomKind, str] = {"direct": "/direct", "group": "/group"}
KNOWN_ENDED = 10_000  # sessions
TRY_AGAIN = 10  # seconds after which one with too many sockets may have lost some


@dataclass(eq=False, slots=True)
class Connection:
    """A client's presence in one namespace, from before it is accepted until it is gone.

    While it is `pending` it receives nothing: `channels` are the ones it will enter with CONNECT,
    and changes of its memberships go there.
    """

    sid: str
    eio_sid: str
    namespace: str
    user: User
    session_id: str
    expires_at: int  # of the access token, milliseconds since 1970 UTC
    accept_language: str | None
    payer: Account  # for what comes from it
    pending: bool = True
    ended: bool = False
    warned: bool = False  # that the token expires soon
    rooms: list[Room] = field(default_factory=list)  # its user's, as read before it was accepted
    channels: set[str] = field(default_factory=set)
    changes: list[tuple[str, bool]] = field(default_factory=list)
    waiting: deque[Any] = field(default_factory=deque)  # events in the order of their arrival
    waiting_size: int = 0  # characters of their texts
    handling: bool = False
    unanswered: int = 0  # sends


class Connections:
    """All connections of this process, by sid, by user and by session.

    A user may have `most_of_user` sockets open at once, each with any of the namespaces; any number
    when it is None.
    """

    def __init__(self, most_of_user: int | None = None) -> None:
        self._most_of_user = most_of_user
        # CONNECTs of one session that may wait for an answer.
        self.max_pending_connects = None if most_of_user is None else most_of_user * len(NAMESPACES)
        self._by_sid: dict[str, Connection] = {}
        self._pending: dict[Connection, None] = {}  # in the order of their coming
        self._by_user: defaultdict[str, set[Connection]] = defaultdict(set)
        self._by_session: defaultdict[str, set[Connection]] = defaultdict(set)
        self._ended_sessions: LRUCache[str, None] = LRUCache(KNOWN_ENDED)

    def add_connection(self, connection: Connection) -> None:
        """Note a connection, accepted or not yet; one whose session just ended is ended too.

        Raises RateLimited when its user has too many others open.
        """
        others = {found.eio_sid for found in self._by_user.get(connection.user.id, ())}
        others.discard(connection.eio_sid)
        if self._most_of_user is not None and len(others) >= self._most_of_user:
            raise RateLimited(TRY_AGAIN)
        connection.ended = connection.session_id in self._ended_sessions
        self._by_sid[connection.sid] = connection
        if connection.pending:
            self._pending[connection] = None
        self._by_user[connection.user.id].add(connection)
        self._by_session[connection.session_id].add(connection)

    def remove_connection(self, sid: str) -> Connection | None:
        """Forget a connection and return it, or None when it is not known."""
        connection = self._by_sid.pop(sid, None)
        if connection is not None:
            connection.ended = True
            connection.waiting.clear()
            self._pending.pop(connection, None)
            self._discard(self._by_user, connection.user.id, connection)
            self._discard(self._by_session, connection.session_id, connection)
        return connection

    def mark_accepted(self, connection: Connection) -> None:
        """Note that a connection is pending no longer."""
        connection.pending = False
        self._pending.pop(connection, None)

    def find_by_sid(self, sid: str | None) -> Connection | None:
        """Return the connection of that sid, or None."""
        return self._by_sid.get(sid) if sid is not None else None

    def list_of_user(self, user_id: str, namespace: str | None = None) -> list[Connection]:
        """Return the connections of a user, in one namespace or in all."""
        return [
            found
            for found in self._by_user.get(user_id, ())
            if namespace is None or found.namespace == namespace
        ]

    def list_of_session(self, session_id: str) -> list[Connection]:
        """Return the connections that a log-in opened."""
        return list(self._by_session.get(session_id, ()))

    def record_ended_session(self, session_id: str) -> None:
        """Remember that a session ended: connections that it opens at this moment end too."""
        self._ended_sessions[session_id] = None

    def list_all(self) -> Iterable[Connection]:
        """Return all connections as they are now."""
        return list(self._by_sid.values())

    def move_to_session(self, connection: Connection, session_id: str) -> None:
        """Note that the connection goes on under another session of the same user.

        Raises Unauthorized when that session, or the connection, has just ended.
        """
        if connection.ended or session_id in self._ended_sessions:
            raise Unauthorized()
        self._discard(self._by_session, connection.session_id, connection)
        connection.session_id = session_id
        self._by_session[session_id].add(connection)

    def is_online(self, user_id: str) -> bool:
        """Tell whether a user has an accepted connection here."""
        return any(not found.pending for found in self._by_user.get(user_id, ()))

    def list_pending(self, namespace: str) -> list[Connection]:
        """Return the connections that wait to be accepted in a namespace."""
        return [found for found in self._pending if found.namespace == namespace]

    @staticmethod
    def _discard(
        index: defaultdict[str, set[Connection]], key: str, connection: Connection
    ) -> None:
        index[key].discard(connection)
        if not index[key]:
            del index[key]
