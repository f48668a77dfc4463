"""Many entries in one insert, one insert at a time: what the writers of both logs have in common.

The database confirms a single entry hardly sooner than a hundred, so whatever arrives while a batch
is being stored makes up the next one. A room's log has no counter: its unique index decides between
processes, and who comes second reads the end of the log again and takes the next numbers.
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

from chat.concurrency import spawn
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
SUSPICIOUS = 5  # failed tries after which the entries may be what the database fails at
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0)  # the last one again and again
LOSER_WAITS = 0.002  # seconds at most, after another process was first
PAUSE = (0.75, 1.5)  # between batches, as parts of the last one's time, under contention

log = logging.getLogger(__name__)


class Draft(Protocol):
    """An entry on its way, with the futures of all who wait for it."""

    room: Room
    futures: list[StoredFuture]

    @property
    def size(self) -> int:
        """Return its bytes of text."""

    @property
    def name(self) -> str:
        """Return what the server's log calls it."""


D = TypeVar("D", bound=Draft)


class GroupCommit(ABC, Generic[D]):
    """Stores drafts in the order of their arrival. A draft left on `waiting` is not stored yet."""

    entries = "entries"  # what the server's log calls them

    def __init__(self, contention: Contention) -> None:
        self._contention = contention
        self._queue: deque[D] = deque()
        self._queued_bytes = 0
        self._running = False
        self._closes_at: float | None = None
        self._round = 0  # counts how often it had to start over
        self._gave_up = False  # as the process ends while the database is away
        self._took = 0.0  # seconds of the last insert
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()

    def start_over(self) -> None:
        """Give up what waits: the logs are not those known here.

        Those who wait for an answer hear Unavailable, and send again.
        """
        with self._lock:
            self._round += 1
            waiting, self._queue = self._queue, deque()
            self._queued_bytes = 0
        self._fail(waiting, Unavailable())

    def end_in(self, seconds: float) -> None:
        """Take no more drafts; so long those taken may wait for a database that is away."""
        with self._lock:
            self._closes_at = time.monotonic() + seconds

    def close(self, seconds: float) -> bool:
        """Take no more drafts and wait until those taken are stored; return whether they are."""
        self.end_in(seconds)
        return self._idle.wait(seconds)

    # What is done with a batch, and how an entry is stored

    @abstractmethod
    def _handle(self, batch: Sequence[D]) -> None:
        """Store and answer the drafts of a batch."""

    @abstractmethod
    def _number(self, waiting: Iterable[D]) -> None:
        """Give each draft the next number of its room."""

    @abstractmethod
    def _append(self, drafts: Sequence[D]) -> Appended:
        """Insert the drafts in their order and stop at the first that cannot be stored."""

    @abstractmethod
    def _keep(self, draft: D) -> None:
        """Note that a draft is stored."""

    @abstractmethod
    def _keep_stored(self, waiting: deque[D], place: int) -> bool:
        """Take those drafts off that the one at `place` shows to be stored; return whether any."""

    @abstractmethod
    def _look_again(self, waiting: deque[D]) -> None:
        """Find out what an attempt without an answer has stored, and where the logs end now."""

    @abstractmethod
    def _read_end(self, room: Room) -> None:
        """Find out where a log ends, as another process has written to it."""

    @abstractmethod
    def _is_refused(self, error: Exception) -> bool:
        """Tell whether the database failed at these entries alone."""

    def _hand_over(self) -> None:
        """Let what is known to be stored go on; it waits for nothing."""

    def _is_told(self) -> bool:
        """Tell whether all that is stored has been answered."""
        return True

    # How it goes on

    def _admit(self, draft: D) -> StoredFuture:
        """Queue a draft; raise Unavailable when the queue is full or the process shuts down."""
        with self._lock:
            full = (
                len(self._queue) >= QUEUE_ENTRIES or self._queued_bytes + draft.size > QUEUE_BYTES
            )
            if self._closes_at is not None or full:
                raise Unavailable()
            self._queue.append(draft)
            self._queued_bytes += draft.size
            start, self._running = not self._running, True
            self._idle.clear()
        if start:
            spawn(self._drain)
        return draft.futures[0]

    def _drain(self) -> None:
        while batch := self._take():
            if self._gave_up:
                self._fail(batch, Unavailable())
                continue
            self._took = 0.0
            self._handle(batch)
            if self._contention.is_on:
                # Without a pause the faster process would win again and again.
                time.sleep(random.uniform(*PAUSE) * self._took)

    def _take(self) -> list[D]:
        """Take the next batch off the queue; with nothing left, the draining ends."""
        with self._lock:
            batch = [self._queue.popleft() for _ in range(min(BATCH_ENTRIES, len(self._queue)))]
            self._queued_bytes -= sum(draft.size for draft in batch)
            if not batch:
                self._running = False
                self._settle()
        return batch

    def _settle(self) -> None:
        """Note that everything taken is answered, if it is; called under the lock."""
        if not self._running and self._is_told():
            self._idle.set()

    def _store(self, waiting: deque[D]) -> None:
        """Store all drafts; whatever cannot be stored hears why."""
        try:
            self._store_all(waiting)
        except Exception:
            log.exception("could not store %d %s", len(waiting), self.entries)
            self._fail(waiting, Internal())

    def _store_all(self, waiting: deque[D]) -> None:
        failures, began_in, most = 0, self._round, len(waiting)
        drafts: list[D] = []
        while waiting:
            if self._round != began_in:  # these were numbered by what is known no longer
                self._fail(waiting, Unavailable())
                return
            try:
                if failures:
                    self._look_again(waiting)
                self._number(waiting)
                self._hand_over()
                started = time.monotonic()
                drafts = list(islice(waiting, most))
                result = self._append(drafts)
                self._took = time.monotonic() - started
                for _ in range(result.stored):
                    self._keep(waiting.popleft())
                self._hand_over()
                if result.obstacle:
                    self._get_past(result, waiting)
                failures = 0
            except Exception as error:
                if not is_outage(error):
                    raise
                # Stored or not, nobody knows: the same drafts again are harmless, as their ids are.
                if failures >= SUSPICIOUS and self._is_refused(error):
                    # It takes everything else. So it gets one entry at a time, and the one that
                    # it fails at even then is given up.
                    if len(drafts) == 1:
                        log.error("the database fails at %s", drafts[0].name)
                        self._fail([waiting.popleft()], Internal())
                    most, failures = 1, SUSPICIOUS
                    continue
                if not self._rest(error, failures):
                    self._fail(waiting, Unavailable())
                    return
                failures += 1

    def _rest(self, error: Exception, failures: int) -> bool:
        """Wait for a database that is away; return False when there is no time left for it."""
        log.warning(
            "the database did not answer, %s wait for it: %s",
            self.entries,
            reason_of(error),
            extra=REPEATS,
        )
        if self._closes_at is not None and time.monotonic() >= self._closes_at:
            self._gave_up = True
            return False
        time.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
        return True

    def _get_past(self, result: Appended, waiting: deque[D]) -> None:
        """Deal with the draft that could not be stored, so that the others can."""
        place = result.at - result.stored
        draft = waiting[place]
        if result.obstacle == "refused":
            log.error("the database refuses %s", draft.name)
            del waiting[place]
            self._fail([draft], Internal())
            return
        if not self._keep_stored(waiting, place) and result.obstacle == "taken":
            # Another process was first. Waiting before reading, not after, gives both the same
            # chance.
            self._contention.record_loss(draft.room)
            time.sleep(random.uniform(0, LOSER_WAITS))
        if result.obstacle == "taken":
            self._read_end(draft.room)

    @staticmethod
    def _fail(drafts: Iterable[D], error: ChatError) -> None:
        for draft in drafts:
            for future in draft.futures:
                if not future.done():
                    future.set_exception(error)
