"""Group commit, the base of the writers of both logs: one insert at a time, with many entries.

The database confirms a single entry hardly sooner than a hundred, so all entries that arrive during
one insert make up the next batch. A room's log has no counter: its unique index decides between
processes. The loser reads the end of the log again and takes the next numbers.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Generic, Protocol, TypeVar

from chat.concurrency import spawn, yield_to_others
from chat.errors import ChatError, Internal, Unavailable
from chat.log.contention import Contention
from chat.log.futures import StoredFuture
from chat.logs import REPEATS
from chat.models import Room
from chat.repositories.appends import Appended
from chat.repositories.outages import is_outage, reason_of

BATCH_ENTRIES = 128
QUEUE_ENTRIES = 4_096
QUEUE_BYTES = 16_000_000  # of text
FAILURES_BEFORE_SINGLES = 5  # after so many, an entry itself may be the cause
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0)  # the last one repeats
MAX_LOSER_WAIT = 0.002  # seconds, after a lost race
PAUSE_FACTORS = (0.75, 1.5)  # pause between batches under contention / duration of the last insert

log = logging.getLogger(__name__)


class Draft(Protocol):
    """An entry that is not stored yet, with the futures that wait for it."""

    room: Room
    futures: list[StoredFuture]

    @property
    def size(self) -> int:
        """Return the bytes of its text."""

    @property
    def name(self) -> str:
        """Return its name for log lines of the server."""


D = TypeVar("D", bound=Draft)


class GroupCommit(ABC, Generic[D]):
    """Stores drafts in the order of their arrival. `waiting` holds the drafts not stored yet."""

    entries = "entries"  # their name for log lines of the server

    def __init__(self, contention: Contention) -> None:
        self._contention = contention
        self._queue: deque[D] = deque()
        self._queued_bytes = 0
        self._running = False
        self._deadline: float | None = None
        self._generation = 0  # grows with each `start_over`
        self._gave_up = False  # the process ends while the database is away
        self._insert_seconds = 0.0  # duration of the last insert
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()

    def start_over(self) -> None:
        """Fail all queued drafts with Unavailable.

        Called when the database now holds other logs than this process knew. Clients send again.
        """
        with self._lock:
            self._generation += 1
            waiting, self._queue = self._queue, deque()
            self._queued_bytes = 0
        self._fail(waiting, Unavailable())

    def end_in(self, seconds: float) -> None:
        """Take no more drafts. Queued drafts may wait so long for a database that is away."""
        with self._lock:
            self._deadline = time.monotonic() + seconds

    def close(self, seconds: float) -> bool:
        """Take no more drafts and wait until all queued ones are done; return whether they are."""
        self.end_in(seconds)
        return self._idle.wait(seconds)

    # What a subclass defines

    @abstractmethod
    def _process_batch(self, batch: Sequence[D]) -> None:
        """Store and answer the drafts of a batch."""

    @abstractmethod
    def _assign_numbers(self, waiting: Iterable[D]) -> None:
        """Give each draft the next number of its room."""

    @abstractmethod
    def _append(self, drafts: Sequence[D]) -> Appended:
        """Insert the drafts in order; stop at the first that cannot be stored."""

    @abstractmethod
    def _record_stored(self, draft: D) -> None:
        """Record that a draft is stored."""

    @abstractmethod
    def _match_obstacle(self, waiting: deque[D], place: int) -> bool:
        """Remove the draft at `place` if it is already stored, and similar drafts that are.

        Return whether there was one.
        """

    @abstractmethod
    def _recover(self, waiting: deque[D]) -> None:
        """After an insert without an answer, find out what it stored and where the logs end."""

    @abstractmethod
    def _read_log_end(self, room: Room) -> None:
        """Read where a log ends, because another process has written to it."""

    @abstractmethod
    def _is_refused(self, error: Exception) -> bool:
        """Return whether these entries alone may have caused the error."""

    def _start_notifying(self) -> None:
        """Start to notify followers of what is stored by now, where a subclass does so early."""

    def _all_notified(self) -> bool:
        """Return whether all stored drafts are answered."""
        return True

    # Queue and batches

    def _enqueue(self, draft: D) -> StoredFuture:
        """Queue a draft; raise Unavailable when the queue is full or the process shuts down."""
        with self._lock:
            full = (
                len(self._queue) >= QUEUE_ENTRIES or self._queued_bytes + draft.size > QUEUE_BYTES
            )
            if self._deadline is not None or full:
                raise Unavailable()
            self._queue.append(draft)
            self._queued_bytes += draft.size
            start, self._running = not self._running, True
            self._idle.clear()
        if start:
            spawn(self._drain)
        return draft.futures[0]

    def _drain(self) -> None:
        while batch := self._take_batch():
            if self._gave_up:
                self._fail(batch, Unavailable())
                continue
            self._insert_seconds = 0.0
            self._process_batch(batch)
            if self._contention.is_on:
                # Without a pause the faster process would win every time.
                time.sleep(random.uniform(*PAUSE_FACTORS) * self._insert_seconds)

    def _take_batch(self) -> list[D]:
        """Remove the next batch from the queue and return it; an empty one ends `_drain`.

        Others run before, because what they send now costs less in this batch than in the next one.
        """
        yield_to_others()
        with self._lock:
            batch = [self._queue.popleft() for _ in range(min(BATCH_ENTRIES, len(self._queue)))]
            self._queued_bytes -= sum(draft.size for draft in batch)
            if not batch:
                self._running = False
                self._update_idle()
        return batch

    def _update_idle(self) -> None:
        """Set `_idle` if every draft is answered. The caller holds the lock."""
        if not self._running and self._all_notified():
            self._idle.set()

    def _store(self, waiting: deque[D]) -> None:
        """Store all drafts; fail those that cannot be stored."""
        try:
            self._store_all(waiting)
        except Exception:
            log.exception("could not store %d %s", len(waiting), self.entries)
            self._fail(waiting, Internal())

    def _store_all(self, waiting: deque[D]) -> None:
        failures, generation, most = 0, self._generation, len(waiting)
        drafts: list[D] = []
        while waiting:
            if self._generation != generation:  # their numbers come from the former logs
                self._fail(waiting, Unavailable())
                return
            try:
                if failures:
                    self._recover(waiting)
                    if not waiting:  # an insert without an answer had stored them all
                        return
                self._assign_numbers(waiting)
                self._start_notifying()
                started = time.monotonic()
                drafts = list(islice(waiting, most))
                result = self._append(drafts)
                self._insert_seconds = time.monotonic() - started
                for _ in range(result.stored):
                    self._record_stored(waiting.popleft())
                self._start_notifying()
                if result.obstacle:
                    self._resolve_obstacle(result, waiting)
                failures = 0
            except Exception as error:
                if not is_outage(error):
                    raise
                # They may be stored or not. Trying again is harmless because their ids stay.
                if failures >= FAILURES_BEFORE_SINGLES and self._is_refused(error):
                    # The database takes other entries. So insert one entry at a time, and give up
                    # the one that fails even then.
                    if len(drafts) == 1:
                        log.error("the database fails to store %s", drafts[0].name)
                        self._fail([waiting.popleft()], Internal())
                    most, failures = 1, FAILURES_BEFORE_SINGLES
                    continue
                if not self._wait_for_database(error, failures):
                    self._fail(waiting, Unavailable())
                    return
                failures += 1

    def _wait_for_database(self, error: Exception, failures: int) -> bool:
        """Wait before the next try; return False when the time for retries is over."""
        log.warning(
            "the database did not answer, %s wait for it: %s",
            self.entries,
            reason_of(error),
            extra=REPEATS,
        )
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._gave_up = True
            return False
        time.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
        return True

    def _resolve_obstacle(self, result: Appended, waiting: deque[D]) -> None:
        """Handle the draft that could not be stored, so that the drafts behind it can be."""
        place = result.at - result.stored
        draft = waiting[place]
        if result.obstacle == "refused":
            log.error("the database refuses %s", draft.name)
            del waiting[place]
            self._fail([draft], Internal())
            return
        if not self._match_obstacle(waiting, place) and result.obstacle == "taken":
            # Another process was first. Waiting before the read, not after it, gives both
            # processes the same chance.
            self._contention.record_loss(draft.room)
            time.sleep(random.uniform(0, MAX_LOSER_WAIT))
        if result.obstacle == "taken":
            self._read_log_end(draft.room)

    @staticmethod
    def _fail(drafts: Iterable[D], error: ChatError) -> None:
        for draft in drafts:
            for future in draft.futures:
                if not future.done():
                    future.set_exception(error)
