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
MOST_OF_ONE = 200  # of one user that may wait: two namespaces of a hundred sockets

Job = tuple[Callable[..., None], tuple[Any, ...]]

log = logging.getLogger(__name__)


class Admissions:
    """Runs what it is given: users in the order of their arrival, a few at a time.

    What the clients of one user ask for is done one by one; the later finds what the earlier has
    read. Those of others have a turn in between.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()  # by user
        self._busy: set[str] = set()  # users
        self._free = AT_ONCE
        self._lock = threading.Lock()

    def put(self, user_id: str, admit: Callable[..., None], *args: Any) -> bool:
        """Let `admit` run when the user's turn has come; return False when they wait too often."""
        with self._lock:
            jobs = self._waiting.setdefault(user_id, deque())
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
            user_id, (admit, args) = taken
            try:
                admit(*args)
            except Exception:
                log.exception("could not let %s in", user_id)
            self._done(user_id)

    def _take(self) -> tuple[str, Job] | None:
        """Return who is next and what they ask for; with nobody left, the work ends."""
        with self._lock:
            for user_id, jobs in self._waiting.items():
                if user_id not in self._busy:
                    self._busy.add(user_id)
                    return user_id, jobs.popleft()
            self._free += 1
            return None

    def _done(self, user_id: str) -> None:
        with self._lock:
            self._busy.discard(user_id)
            if self._waiting[user_id]:
                self._waiting.move_to_end(user_id)  # the others first
            else:
                del self._waiting[user_id]
