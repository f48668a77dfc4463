"""Pushes on their way from the connection's threads to the reader's thread."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from chat.bots.connection import NAMESPACES

MAX_PUSHES = 10_000  # waiting; further ones are dropped, and fetched later

Push = tuple[str, str, Any]  # kind of room, event, payload


class Inbox:
    """Pushes in the order in which their threads ran, and each new connection."""

    def __init__(self) -> None:
        self._waiting: deque[Push | None] = deque()
        self._overflowed = False
        self._news = threading.Condition()

    def push(self, kind: str, event: str, payload: Any) -> None:
        """Add a push of the server."""
        self._put((kind, event, payload))

    def connecting(self) -> None:
        """Add that a new connection is tried, whose pushes may belong to another past.

        The entries of the connection before are dropped: the answer to the next `sync` has all of
        them that are still true, and may come before they were read.
        """
        with self._news:
            self._overflowed = False
            self._waiting.clear()
            self._waiting.extend((kind, "connecting", None) for kind in NAMESPACES)
            self._news.notify()

    def connected(self) -> None:
        """Add that there is a new connection, before which pushes may have been lost."""
        for kind in NAMESPACES:
            self._put((kind, "connected", None))

    def wake(self) -> None:
        """Let a waiting `get` return."""
        self._put(None)

    def get(self, timeout: float | None) -> Push | None:
        """Return the next push; None after `timeout` seconds and when woken."""
        with self._news:
            if self._overflowed and not self._waiting:
                self._overflowed = False
                self._waiting.extend((kind, "connected", None) for kind in NAMESPACES)
            self._news.wait_for(lambda: self._waiting, timeout)
            return self._waiting.popleft() if self._waiting else None

    def empty(self) -> bool:
        """Tell whether nothing waits at the moment."""
        return not self._waiting

    def _put(self, push: Push | None) -> None:
        with self._news:
            if self._overflowed or len(self._waiting) >= MAX_PUSHES:
                self._overflowed = True  # until all waiting ones are read: the order stays
            else:
                self._waiting.append(push)
                self._news.notify()
