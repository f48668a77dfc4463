"""What the connection's threads hand to the one thread that reads."""

from __future__ import annotations

import queue
from typing import Any

from chat.bots.connection import NAMESPACES

MAX_PUSHES = 10_000  # waiting to be looked at; what comes then is fetched later

Push = tuple[str, str, Any]  # kind of room, event, payload


class Inbox:
    """Pushes in the order in which their threads ran, and word of each new connection."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Push | None] = queue.Queue(MAX_PUSHES)
        self._overflowed = False

    def push(self, kind: str, event: str, payload: Any) -> None:
        """Put in what the server pushed."""
        self._put((kind, event, payload))

    def connected(self) -> None:
        """Say that anything may have been missed: ask for it."""
        for kind in NAMESPACES:
            self._put((kind, "online", None))

    def wake(self) -> None:
        """Let a waiting `get` return."""
        self._put(None)

    def get(self, timeout: float | None) -> Push | None:
        """Return the next push; None after `timeout` seconds and when woken."""
        if self._overflowed and self._queue.empty():
            self._overflowed = False
            self.connected()
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None

    def empty(self) -> bool:
        """Tell whether nothing waits at the moment."""
        return self._queue.empty()

    def _put(self, push: Push | None) -> None:
        try:
            self._queue.put_nowait(push)
        except queue.Full:
            self._overflowed = True
