"""A queue before the door: who comes back together is let in one after the other.

A thousand clients that ask the database at once would make each other, and everybody who talks
meanwhile, wait until nobody gets an answer in time.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from chat.concurrency import spawn

AT_ONCE = 2  # more are let in no sooner, and those who talk wait longer
MOST_OF_ONE = 4  # of one client that may wait; there are two namespaces

Job = tuple[Callable[..., None], tuple[Any, ...]]

log = logging.getLogger(__name__)


class Admissions:
    """Runs what it is given: clients in the order of their arrival, a few at a time.

    What one client asks for is done one by one; the later finds what the earlier has read.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()  # by client
        self._busy: set[str] = set()  # clients
        self._free = AT_ONCE
        self._lock = threading.Lock()

    def put(self, client: str, admit: Callable[..., None], *args: Any) -> bool:
        """Let `admit` run when the client's turn has come; return False when it waits too often."""
        with self._lock:
            jobs = self._waiting.setdefault(client, deque())
            if len(jobs) >= MOST_OF_ONE:
                return False
            jobs.append((admit, args))
            starts = self._free > 0
            self._free -= starts
        if starts:
            spawn(self._work)
        return True

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            client, (admit, args) = taken
            try:
                admit(*args)
            except Exception:
                log.exception("could not let %s in", client)
            self._done(client)

    def _take(self) -> tuple[str, Job] | None:
        """Return who is next and what they ask for; with nobody left, the work ends."""
        with self._lock:
            for client, jobs in self._waiting.items():
                if client not in self._busy:
                    self._busy.add(client)
                    return client, jobs.popleft()
            self._free += 1
            return None

    def _done(self, client: str) -> None:
        with self._lock:
            self._busy.discard(client)
            if self._waiting[client]:
                self._waiting.move_to_end(client)  # the others first
            else:
                del self._waiting[client]
