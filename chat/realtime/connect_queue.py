"""The queue of CONNECT requests: when many clients reconnect at once, it accepts a few at a time.

Otherwise a thousand of them would query the database at once, and neither they nor the connected
clients would get an answer in time.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from chat.concurrency import charge_to, spawn

AT_ONCE = 2  # more do not connect sooner, and delay connected clients

Job = tuple[Callable[..., None], tuple[Any, ...]]

log = logging.getLogger(__name__)


class ConnectQueue:
    """Runs the connect requests of AT_ONCE sessions at a time, in the order of their arrival.

    The requests of one session run one after the other, so the later ones reuse what the first one
    has read. Requests of other sessions run in between. At most `max_per_session` requests of a
    session may wait, any number when it is None.
    """

    def __init__(self, max_per_session: int | None = None) -> None:
        self._max_per_session = max_per_session
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()  # by session
        self._busy: set[str] = set()  # sessions
        self._free = AT_ONCE
        self._lock = threading.Lock()

    def put(self, session_id: str, admit: Callable[..., None], *args: Any) -> bool:
        """Queue the call `admit(*args)`; return False when too many calls of the session wait."""
        with self._lock:
            jobs = self._waiting.setdefault(session_id, deque())
            if self._max_per_session is not None and len(jobs) >= self._max_per_session:
                return False
            jobs.append((admit, args))
            starts = self._free > 0
            self._free -= starts
        if starts:
            spawn(self._work)
        return True

    def _work(self) -> None:
        while (taken := self._next_job()) is not None:
            session_id, (admit, args) = taken
            try:
                admit(*args)
            except Exception:
                log.exception("could not accept a client of session %s", session_id)
            charge_to(None)  # the next request belongs to another caller
            self._finish_session(session_id)

    def _next_job(self) -> tuple[str, Job] | None:
        """Return the next session and its request; None ends the worker."""
        with self._lock:
            for session_id, jobs in self._waiting.items():
                if session_id not in self._busy:
                    self._busy.add(session_id)
                    return session_id, jobs.popleft()
            self._free += 1
            return None

    def _finish_session(self, session_id: str) -> None:
        with self._lock:
            self._busy.discard(session_id)
            if self._waiting[session_id]:
                self._waiting.move_to_end(session_id)  # other sessions go first
            else:
                del self._waiting[session_id]
