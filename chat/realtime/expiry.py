"""Ends connections whose access token has run out, after a word of warning."""

from __future__ import annotations

import logging
import threading

from chat.clock import now_ms
from chat.realtime.connections import Connections
from chat.realtime.publisher import Publisher
from chat.realtime.server import ChatSocketIO

WARN_BEFORE_MS = 60_000  # or this share of a token's life, where that is less:
WARN_SHARE = 1 / 4  # the fresh one that a client comes with must not be warned of at once
INTERVAL = 1.0  # seconds between two looks

log = logging.getLogger(__name__)


class Expiry:
    """Looks at all connections once a second. Access tokens live `token_minutes`."""

    def __init__(
        self,
        connections: Connections,
        publisher: Publisher,
        socketio: ChatSocketIO,
        token_minutes: int,
    ) -> None:
        self._connections = connections
        self._publisher = publisher
        self._socketio = socketio
        self._warn_before = min(WARN_BEFORE_MS, int(token_minutes * 60_000 * WARN_SHARE))
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look until stopped."""
        while not self._stopped.wait(INTERVAL):
            try:
                self.check(now_ms())
            except Exception:  # the next look must come all the same
                log.exception("could not look for expired tokens")

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def check(self, now: int) -> None:
        """Warn those with little time left, end those with none (`now` in milliseconds)."""
        for connection in self._connections.list_all():
            if connection.pending:
                continue
            if connection.expires_at <= now:
                self._socketio.server.end_connection(connection)
            elif connection.expires_at - self._warn_before <= now and not connection.warned:
                connection.warned = True
                self._publisher.session_expired(connection)
