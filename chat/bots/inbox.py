"""What the connection's threads hand to the one thread that reads."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from chat.bots.connection import NAMESPACES

MAX_PUSHES = 10_000  # waiting to be looked at; what comes then is fetched later

Push = tuple[str, str, Any]  # kind of room, event, payload


class Inbox:
    """Pushes in the order in which their threads ran, and word of each new connection."""

    def __init__(self) -> None:
        self._waiting: deque[Push | None] = deque()
        self._overflowed = False
        self._news = threading.Condition()

    def push(self, kind: str, event: str, payload: Any) -> None:
        """Put in what the server pushed."""
        self._put((kind, event, payload))

    def connecting(self) -> None:
        """Say that a new connection is tried: what it brings may belong to another past.

        What the last one brought is dropped: the answer to the next `sync` has all of it that is
        still true, and may come before it was read.
        """
        with self._news:
            self._overflowed = False
            self._waiting.clear()
            self._waiting.extend((kind, "connecting", None) for kind in NAMESPACES)
            self._news.notify()

    def online(self) -> None:
        """Say that anything may have been missed: ask for it."""
        for kind in NAMESPACES:
            self._put((kind, "online", None))

    def wake(self) -> None:
        """Let a waiting `get` return."""
        self._put(None)

    def get(self, timeout: float | None) -> Push | None:
        """Return the next push; None after `timeout` seconds and when woken."""
        with self._news:
            if self._overflowed and not self._waiting:
                self._overflowed = False
                self._waiting.extend((kind, "online", None) for kind in NAMESPACES)
            self._news.wait_for(lambda: self._waiting, timeout)
            return self._waiting.popleft() if self._waiting else None

    def empty(self) -> bool:
        """Tell whether nothing waits at the moment."""
        return not self._waiting

    def _put(self, push: Push | None) -> None:
        with self._news:
            if self._overflowed or len(self._waiting) >= MAX_PUSHES:
                self._overflowed = True  # until all that waits is read: nothing passes this one
            else:
                self._waiting.append(push)
                self._news.notify()
