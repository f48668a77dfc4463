"""Ends connections whose access token has expired, and warns their clients before."""

from __future__ import annotations

import logging
import threading

from chat.clock import now_ms
from chat.realtime.connections import Connections
from chat.realtime.publisher import Publisher
from chat.realtime.server import ChatSocketIO

WARN_BEFORE_MS = 60_000
WARN_SHARE = 1 / 4  # or this share of a token's lifetime if less: a fresh token needs no warning
INTERVAL = 1.0  # seconds between two checks

log = logging.getLogger(__name__)


class Expiry:
    """Checks all connections once a second. Access tokens are valid for `token_minutes`."""

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
        """Check once a second until stopped."""
        while not self._stopped.wait(INTERVAL):
            try:
                self.check(now_ms())
            except Exception:  # the loop must go on
                log.exception("could not check for expired tokens")

    def stop(self) -> None:
        """Stop the loop."""
        self._stopped.set()

    def check(self, now: int) -> None:
        """Warn connections whose token expires soon, end those whose token has expired.

        `now` is in milliseconds since 1970 UTC.
        """
        for connection in self._connections.list_all():
            if connection.pending:
                continue
            if connection.expires_at <= now:
                self._socketio.server.end_connection(connection)
            elif connection.expires_at - self._warn_before <= now and not connection.warned:
                connection.warned = True
                self._publisher.session_expired(connection)
