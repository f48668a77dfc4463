"""Staying connected: one connection after the other, for as long as the bot runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from chat.bots.backoff import backoff
from chat.bots.connection import NAMESPACES, Connection
from chat.bots.errors import STALE_TOKEN, UNAVAILABLE, BotError, NotLoggedIn, Stopped
from chat.bots.session import Session

SETTLED = 10.0  # a connection that held so many seconds was a good one: the next wait is short
RENEW_EVERY = 5.0  # seconds between two renewals of the token, at least

log = logging.getLogger(__name__)


class Link:
    """Keeps one connection after the other.

    `on_connecting()` is called before each try, ahead of all pushes of a new connection, and
    `on_connected()` when there is one.
    """

    def __init__(
        self,
        url: str,
        session: Session,
        on_push: Callable[[str, str, Any], None],
        on_connecting: Callable[[], None],
        on_connected: Callable[[], None],
    ) -> None:
        self._url = url
        self._session = session
        self._on_push = on_push
        self._on_connecting = on_connecting
        self._on_connected = on_connected
        self._connection: Connection | None = None
        self._token = ""
        self._renewed = time.monotonic()
        self._tries = 0
        self._news = threading.Condition()
        self._changed = threading.Event()
        self._stopping = threading.Event()

    def keep(self) -> None:
        """Connect, and again whenever the connection is lost, until stopped.

        The last connection stays open for what is under way: `close` ends it. Raises NotLoggedIn.
        """
        waits = backoff()
        while not self._stopping.is_set():
            self._on_connecting()
            try:
                connection = self._connect()
            except NotLoggedIn:
                raise
            except BotError as error:
                log.warning("cannot connect: %s", error)
                self._stopping.wait(max(next(waits), error.retry_after))
                continue
            began = time.monotonic()
            self._put(connection)
            log.info("connected")
            self._on_connected()
            self._watch(connection)
            if not connection.lost.is_set():
                return
            self.close()
            if time.monotonic() - began > SETTLED:
                waits = backoff()
            self._stopping.wait(next(waits))

    def stop(self) -> None:
        """Make no further connection."""
        with self._news:
            self._stopping.set()
            self._news.notify_all()
        self._changed.set()

    def close(self) -> None:
        """End the connection of the moment."""
        connection = self._connection
        self._put(None)
        if connection is not None:
            connection.close()

    def call(self, kind: str, event: str, payload: dict[str, Any]) -> Any:
        """Emit an event in the namespace of that kind of room and return the `data` of its ack."""
        connection = self._connection
        if connection is None:
            raise BotError(UNAVAILABLE, "not connected")
        return connection.call(kind, event, payload)

    def wait_online(self) -> None:
        """Return when there is a connection; raises Stopped when there will be none."""
        with self._news:
            self._news.wait_for(lambda: self._connection or self._stopping.is_set())
            if self._connection is None:
                raise Stopped()

    def require_open(self) -> None:
        """Raise Stopped once the bot has stopped and what was under way had its time."""
        if self._stopping.is_set() and self._connection is None:
            raise Stopped()

    def pause(self, seconds: float) -> None:
        """Wait; raises Stopped when the bot stops meanwhile."""
        if self._stopping.wait(seconds):
            raise Stopped()

    def _connect(self) -> Connection:
        self._token = self._session.access_token()
        try:
            return self._open()
        except BotError as error:
            if error.code not in STALE_TOKEN:
                raise
        self._renew()
        return self._open()

    def _open(self) -> Connection:
        # Networks exist that block WebSocket: every second try begins without it.
        transports = None if self._tries % 2 else ["websocket"]
        connection = Connection(self._on_push, self._changed)
        try:
            connection.open(self._url, self._token, transports)
        except BotError as error:
            self._tries += error.code == UNAVAILABLE
            raise
        return connection

    def _put(self, connection: Connection | None) -> None:
        with self._news:
            self._connection = connection
            self._news.notify_all()

    def _watch(self, connection: Connection) -> None:
        """Give fresh tokens in when the server asks for them; return when lost or stopped."""
        while not (connection.lost.is_set() or self._stopping.is_set()):
            self._changed.wait()
            self._changed.clear()
            if connection.expiring and not connection.lost.is_set():
                self._authenticate(connection)

    def _authenticate(self, connection: Connection) -> None:
        if connection.lost.wait(self._renewed + RENEW_EVERY - time.monotonic()):
            return
        try:
            self._renew()
            for kind in NAMESPACES:
                connection.call(kind, "authenticate", {"token": self._token})
            connection.expiring = False
            log.info("went on with a fresh token")
        except NotLoggedIn:
            raise
        except BotError as error:
            log.info("could not go on with a fresh token: %s", error.code)
            connection.close()

    def _renew(self) -> None:
        self._token = self._session.renew(self._token)
        self._renewed = time.monotonic()
