"""The queue of CONNECT requests: when many clients reconnect at once, it admits them in batches.

A batch reads the sessions, users and rooms of all its clients together. With queries of its own for
each client, a thousand of them would keep the database, and with it everybody who talks, waiting.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

from chat.concurrency import charge_to, spawn

AT_ONCE = 2  # batches: one waits for the database while another one is accepted
BATCH = 32  # requests; as many ids as one query takes, see `repositories.documents`

R = TypeVar("R")

log = logging.getLogger(__name__)


class ConnectQueue(Generic[R]):
    """Calls `admit` with batches of requests, AT_ONCE of them at a time, in order of arrival.

    A batch has at most one request of a session, and the requests of one session are admitted one
    after the other, so the later ones reuse what the first one has read. Requests of other sessions
    go in between. At most `max_per_session` requests of a session may wait, any number when it is
    None.
    """

    def __init__(
        self, admit: Callable[[list[R]], None], max_per_session: int | None = None
    ) -> None:
        self._admit = admit
        self._max_per_session = max_per_session
        # By session, the next one first; without the sessions that have a request in a batch.
        self._waiting: OrderedDict[str, deque[R]] = OrderedDict()
        self._busy: dict[str, deque[R]] = {}  # sessions in a batch, with their later requests
        self._free = AT_ONCE
        self._lock = threading.Lock()

    def put(self, session_id: str, request: R) -> bool:
        """Queue a request; return False when too many requests of the session wait."""
        with self._lock:
            requests = self._busy.get(session_id)
            if requests is None:
                requests = self._waiting.setdefault(session_id, deque())
            if self._max_per_session is not None and len(requests) >= self._max_per_session:
                return False
            requests.append(request)
            starts = self._free > 0
            self._free -= starts
        if starts:
            spawn(self._work)
        return True

    def _work(self) -> None:
        while batch := self._next_batch():
            try:
                self._admit(list(batch.values()))
            except Exception:
                log.exception("could not admit %d clients", len(batch))
            charge_to(None)  # the next batch belongs to other callers
            self._finish(batch)

    def _next_batch(self) -> dict[str, R]:
        """Return the next requests, by session; without any the worker ends."""
        batch: dict[str, R] = {}
        with self._lock:
            while self._waiting and len(batch) < BATCH:
                session_id, requests = self._waiting.popitem(last=False)
                batch[session_id] = requests.popleft()
                self._busy[session_id] = requests
            self._free += not batch
        return batch

    def _finish(self, batch: dict[str, R]) -> None:
        with self._lock:
            for session_id in batch:
                requests = self._busy.pop(session_id)
                if requests:
                    self._waiting[session_id] = requests  # behind the other sessions
