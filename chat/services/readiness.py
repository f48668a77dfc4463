"""Readiness: whether this process can serve, and if not, why."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from chat.errors import NotReady
from chat.repositories.probes import Problem

Find = Callable[[], Problem | None]

MAX_AGE = 1.5  # seconds for which a result is reused
WATCH_SECONDS = 5.0  # between two checks of the queue

log = logging.getLogger(__name__)


class Readiness:
    """Runs each probe at most once in MAX_AGE.

    The probe `database` writes, so it runs only on demand. The probe `queue` also runs
    periodically in `run`, because otherwise only log-ins would notice that the queue is away.
    """

    def __init__(self, database: Find, queue: Find | None) -> None:
        self._database = _Probe(database)
        self._queue = _Probe(queue) if queue is not None else None
        self._ending = threading.Event()

    def check(self) -> None:
        """Raise NotReady with the reason if this process should get no new clients."""
        if self._ending.is_set():
            raise NotReady("ending")
        for probe in filter(None, (self._database, self._queue)):
            problem = probe.ask()
            if problem is not None:
                raise NotReady(problem.reason)

    def find_wrong_setting(self) -> str | None:
        """Return a permanent problem with the queue's setting, or None."""
        problem = self._queue.find() if self._queue is not None else None
        return problem.detail if problem is not None and problem.is_final else None

    def run(self) -> None:
        """Check the queue periodically until `end`, so that the log shows its outages."""
        if self._queue is None:
            return
        self._queue.ask()
        while not self._ending.wait(WATCH_SECONDS):
            self._queue.ask()

    def end(self) -> None:
        """Report not ready from now on, because the process is about to end."""
        self._ending.set()


class _Probe:
    """Caches the result of one probe, and logs when it changes."""

    def __init__(self, find: Find) -> None:
        self.find = find
        self._lock = threading.Lock()
        self._problem: Problem | None = None
        self._asked_at = -MAX_AGE

    def ask(self) -> Problem | None:
        with self._lock:  # concurrent callers share one result
            if time.monotonic() - self._asked_at < MAX_AGE:
                return self._problem
            before, self._problem = self._problem, self.find()
            self._asked_at = time.monotonic()
            problem = self._problem
        if problem is not None and (before is None or before.detail != problem.detail):
            log.error("not ready: %s", problem.detail)
        elif problem is None and before is not None:
            log.info("ready again, after: %s", before.detail)
        return problem
