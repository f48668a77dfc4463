"""Background jobs: work that is too long for a request, done in pieces, resumed after a crash.

A job is a document. It is stored before the change that it completes. Any process may claim it; the
holder renews a lease, and when the holder dies another process takes the job over. So each
kind of work must be repeatable from any point.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chat.models import Job
from chat.repositories.jobs import JobRepository
from chat.repositories.outages import is_outage, logged_unless_outage

INTERVAL = 1.0  # seconds between two searches for due jobs
LEASE = 15.0  # seconds until another process may claim the job of a dead one
RENEW = 2.0  # seconds between two renewals, which is also the work that a crash repeats
SLICE = 5.0  # seconds for one job before the next due one
# Pause after a piece, as a multiple of its duration, so that live traffic goes first.
PAUSE_FACTOR = 3.0
MAX_PAUSE = 1.0  # seconds
MAX_BACKOFF = 600.0  # the longest wait in seconds before a failed job is tried again

Progress = Mapping[str, Any]
# Takes the arguments and the progress of the job. Does bounded pieces of work and yields the
# progress after each. A piece takes milliseconds, because it blocks the database for others.
Work = Callable[[Mapping[str, Any], Progress], Iterator[Progress]]

log = logging.getLogger(__name__)


class Jobs:
    """Runs the due jobs one after the other, in a serving process."""

    def __init__(self, repository: JobRepository) -> None:
        self._repository = repository
        self._works: dict[str, Work] = {}
        self._holder = secrets.token_hex(8)
        self._restores = 0  # grows when the database was restored
        self._own: deque[Job] = deque()  # jobs that this process created and holds
        self._runs = False
        self._stopped = threading.Event()
        self._idle = threading.Event()
        self._idle.set()

    def register(self, kind: str, work: Work) -> None:
        """Set the function that does a kind of job."""
        self._works[kind] = work

    def enqueue(self, kind: str, arguments: Mapping[str, Any], delay: float = 0.0) -> None:
        """Store a job that any process does after `delay` seconds, at most MAX_BACKOFF."""
        self._repository.insert(kind, arguments, delay)

    def enqueue_local(self, kind: str, arguments: Mapping[str, Any]) -> None:
        """Store a job that this process does next, so that its clients see the effect at once.

        If this process dies or runs no jobs, another process does it.
        """
        if not self._runs:
            self.enqueue(kind, arguments)
            return
        self._own.append(self._repository.insert(kind, arguments, LEASE, self._holder))

    def list_arguments(self, *kinds: str) -> list[Mapping[str, Any]]:
        """Return the arguments of the unfinished jobs of some kinds, of all processes.

        One indexed query, because the reconciler asks each second and there may be many jobs.
        """
        return [job.arguments for job in self._repository.list_of_kinds(kinds)]

    def run(self) -> None:
        """Run due jobs until stopped, also after database outages."""
        self._runs = True
        while not self._stopped.wait(INTERVAL):
            with logged_unless_outage(log, "could not look for jobs", self._stopped.is_set):
                self.run_due()

    def stop(self, seconds: float) -> None:
        """Start no more jobs, and wait for the running one to be released to other processes."""
        self._stopped.set()
        self._idle.wait(seconds)

    def start_over(self) -> None:
        """Drop the running job, because a restored database may not have it."""
        self._restores += 1
        self._own.clear()

    def run_due(self) -> None:
        """Run all due jobs."""
        self._idle.clear()
        try:
            while not self._stopped.is_set():
                job = self._next()
                if job is None:
                    return
                self._try(job)
        finally:
            self._idle.set()

    def _next(self) -> Job | None:
        if self._own:
            return self._own.popleft()
        return self._repository.claim(self._works, self._holder, LEASE, MAX_BACKOFF + LEASE)

    def _try(self, job: Job) -> None:
        try:
            self._do(job, self._works[job.kind])
        except Exception as error:
            if is_outage(error):  # the lease expires by itself
                raise
            log.exception("job %s (%s) failed", job.id, job.kind)
            delay = min(2.0 ** min(job.failures, 30), MAX_BACKOFF)
            self._repository.postpone(job, self._holder, delay)

    def _do(self, job: Job, work: Work) -> None:
        began = renewed_at = time.monotonic()
        ends_at = began + SLICE
        restores = self._restores
        for progress in work(job.arguments, job.progress):
            if self._restores != restores:
                return
            now = time.monotonic()
            if now >= ends_at or self._stopped.is_set():
                self._repository.release(job, self._holder, progress)
                return
            if now >= renewed_at + RENEW:
                if not self._repository.renew(job, self._holder, progress, LEASE):
                    return
                renewed_at = now
            self._stopped.wait(min(PAUSE_FACTOR * (now - began), MAX_PAUSE))
            if self._restores != restores:
                return
            began = time.monotonic()
        if self._restores == restores:
            self._repository.finish(job, self._holder)
