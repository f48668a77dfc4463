"""The queue of CONNECT requests: when many clients reconnect at once, it admits them in batches.

A batch reads the sessions, users and rooms of all its clients together. With queries of its own for
each client, a thousand of them would keep the database, and with it everybody who talks, waiting.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from itertools import islice
from typing import Generic, TypeVar

from chat.concurrency import charge_to, spawn

BATCH = 32  # requests; SecantusDB takes so many ids in a query (`database/dialects.py`)
PAUSE = 0.02  # seconds after a batch in which the next one gathers, unless a full one waits already

R = TypeVar("R")

log = logging.getLogger(__name__)


class ConnectQueue(Generic[R]):
    """Calls `admit` with one batch of requests after the other, in the order of their arrival.

    A batch has at most one request of a session, so the later ones of a session reuse what the
    first one has read, and requests of other sessions go in between. At most `max_per_session`
    requests of a session may wait, any number when it is None.
    """

    def __init__(
        self, admit: Callable[[list[R]], None], max_per_session: int | None = None
    ) -> None:
        self._admit = admit
        self._max_per_session = max_per_session
        self._waiting: OrderedDict[str, deque[R]] = OrderedDict()  # by session, the next one first
        self._working = False
        self._lock = threading.Lock()

    def put(self, session_id: str, request: R) -> bool:
        """Queue a request; return False when too many requests of the session wait."""
        with self._lock:
            requests = self._waiting.setdefault(session_id, deque())
            if self._max_per_session is not None and len(requests) >= self._max_per_session:
                return False
            requests.append(request)
            starts, self._working = not self._working, True
        if starts:
            spawn(self._work)
        return True

    def _work(self) -> None:
        while batch := self._next_batch():
            try:
                self._admit(batch)
            except Exception:
                log.exception("could not admit %d clients", len(batch))
            charge_to(None)  # the next batch belongs to other callers
            if len(self._waiting) < BATCH:
                time.sleep(PAUSE)

    def _next_batch(self) -> list[R]:
        """Return the next requests; without any the worker ends."""
        with self._lock:
            batch = []
            for session_id in list(islice(self._waiting, BATCH)):
                requests = self._waiting[session_id]
                batch.append(requests.popleft())
                if requests:
                    self._waiting.move_to_end(session_id)  # other sessions go first
                else:
                    del self._waiting[session_id]
            self._working = bool(batch)
            return batch
