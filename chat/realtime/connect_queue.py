"""The queue of clients that connect: many that reconnect together are accepted a few at a time.

Otherwise a thousand of them would ask the database at once, and neither they nor the clients that
are connected already would get an answer in time.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from chat.concurrency import charge_to, spawn

AT_ONCE = 2  # more at once connect no sooner, and make connected clients wait longer

Job = tuple[Callable[..., None], tuple[Any, ...]]

log = logging.getLogger(__name__)


class ConnectQueue:
    """Runs what it is given: sessions in the order of their arrival, a few at a time.

    The requests of one session run one after the other, so the later ones find what the first one
    has read; requests of other sessions run in between. At most `most_of_one` requests of a session
    may wait, any number when it is None.
    """

    def __init__(self, most_of_one: int | None = None) -> None:
        self._most_of_one = most_of_one
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()  # by session
        self._busy: set[str] = set()  # sessions
        self._free = AT_ONCE
        self._lock = threading.Lock()

    def put(self, session_id: str, admit: Callable[..., None], *args: Any) -> bool:
        """Let `admit` run in the session's turn; return False when too many of it wait."""
        with self._lock:
            jobs = self._waiting.setdefault(session_id, deque())
            if self._most_of_one is not None and len(jobs) >= self._most_of_one:
                return False
            jobs.append((admit, args))
            starts = self._free > 0
            self._free -= starts
        if starts:
            spawn(self._work)
        return True

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            session_id, (admit, args) = taken
            try:
                admit(*args)
            except Exception:
                log.exception("could not accept a client of session %s", session_id)
            charge_to(None)  # the next request is of another caller
            self._done(session_id)

    def _take(self) -> tuple[str, Job] | None:
        """Return the next session and its request; None ends this worker."""
        with self._lock:
            for session_id, jobs in self._waiting.items():
                if session_id not in self._busy:
                    self._busy.add(session_id)
                    return session_id, jobs.popleft()
            self._free += 1
            return None

    def _done(self, session_id: str) -> None:
        with self._lock:
            self._busy.discard(session_id)
            if self._waiting[session_id]:
                self._waiting.move_to_end(session_id)  # the others first
            else:
                del self._waiting[session_id]
