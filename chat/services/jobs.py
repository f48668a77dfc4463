"""Work that is too long for a request: it goes on beside, in pieces, and survives a crash.

A job is a document, made before what it finishes is begun. Any process may take it: the one that
claims it holds a lease and renews it; when the process dies another one takes the job over. So
each kind of work must bear being done twice from any point on.
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
from chat.repositories.outages import is_outage

INTERVAL = 1.0  # seconds between two looks for a job that is due
LEASE = 15.0  # seconds after which the job of a dead process is another's
RENEW = 2.0  # seconds between two renewals, and so what a crash repeats
SLICE = 5.0  # seconds for one job before another one that is due
REST = 3.0  # pause after a piece, as a multiple of its duration, so that live traffic goes first
MAX_REST = 1.0  # seconds
MAX_BACKOFF = 600.0  # seconds until a job that failed is tried again

Progress = Mapping[str, Any]
# Takes the arguments of the job and how far it came; does a bounded piece of work and yields how
# far it is, again and again. A piece takes milliseconds: it keeps others off the database.
Work = Callable[[Mapping[str, Any], Progress], Iterator[Progress]]

log = logging.getLogger(__name__)


class Jobs:
    """Does the jobs that are due, one after the other, in a process that serves."""

    def __init__(self, repository: JobRepository) -> None:
        self._repository = repository
        self._works: dict[str, Work] = {}
        self._holder = secrets.token_hex(8)
        self._past = 0  # counts those that this process has known
        self._own: deque[Job] = deque()  # those that this process holds since it made them
        self._runs = False
        self._stopped = threading.Event()
        self._idle = threading.Event()
        self._idle.set()

    def register(self, kind: str, work: Work) -> None:
        """Say how a kind of job is done."""
        self._works[kind] = work

    def add(self, kind: str, arguments: Mapping[str, Any], delay: float = 0.0) -> None:
        """Store a job that is due after `delay` seconds, at most MAX_BACKOFF.

        The next process that looks then does it.
        """
        self._repository.insert(kind, arguments, delay)

    def add_here(self, kind: str, arguments: Mapping[str, Any]) -> None:
        """Store a job that this process does next: its clients hear at once what comes of it.

        When it dies, or does no jobs, another one does it.
        """
        if not self._runs:
            self.add(kind, arguments)
            return
        self._own.append(self._repository.insert(kind, arguments, LEASE, self._holder))

    def list_arguments(self, *kinds: str) -> list[Mapping[str, Any]]:
        """Return the arguments of the jobs of some kinds that are not finished, of all processes.

        One query by an index: the reconciler asks each second, and many may be of other kinds.
        """
        return [job.arguments for job in self._repository.list_of_kinds(kinds)]

    def run(self) -> None:
        """Do what is due until stopped; a database that does not answer is asked again."""
        self._runs = True
        while not self._stopped.wait(INTERVAL):
            try:
                self.run_due()
            except Exception as error:
                if not (is_outage(error) or self._stopped.is_set()):
                    log.exception("could not look for jobs")

    def stop(self, seconds: float) -> None:
        """Do no more; the job that is under way is let go, for any process to go on with."""
        self._stopped.set()
        self._idle.wait(seconds)

    def start_over(self) -> None:
        """Drop the job that is under way: the database has another past, and maybe another job."""
        self._past += 1
        self._own.clear()

    def run_due(self) -> None:
        """Do all jobs that are due now."""
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
            if is_outage(error):  # its lease ends by itself
                raise
            log.exception("job %s (%s) failed", job.id, job.kind)
            delay = min(2.0 ** min(job.failures, 30), MAX_BACKOFF)
            self._repository.postpone(job, self._holder, delay)

    def _do(self, job: Job, work: Work) -> None:
        began = renewed_at = time.monotonic()
        ends_at = began + SLICE
        past = self._past
        for progress in work(job.arguments, job.progress):
            if self._past != past:
                return
            now = time.monotonic()
            if now >= ends_at or self._stopped.is_set():
                self._repository.release(job, self._holder, progress)
                return
            if now >= renewed_at + RENEW:
                if not self._repository.renew(job, self._holder, progress, LEASE):
                    return
                renewed_at = now
            self._stopped.wait(min(REST * (now - began), MAX_REST))
            if self._past != past:
                return
            began = time.monotonic()
        if self._past == past:
            self._repository.finish(job, self._holder)
