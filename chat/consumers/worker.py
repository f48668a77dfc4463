"""Works for one consumer, while this process holds its lease."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chat.concurrency import cooperatively
from chat.consumers.arrivals import Arrivals
from chat.consumers.bootstrap import Bootstrap
from chat.consumers.consumer import Consumer
from chat.consumers.due import DueRooms
from chat.consumers.leases import Leases
from chat.consumers.positions import Positions
from chat.consumers.reading import Found, Reading
from chat.models import Room
from chat.repositories.consumers import ConsumerRepository, ConsumerState
from chat.repositories.cursors import Reader
from chat.repositories.outages import is_outage, reason_of

ROUND_ROOMS = 256
ROUND_MESSAGES = 1_000
CHECK_INTERVAL = 1.0  # seconds after which it looks at its lease again, and at rooms that failed
GATHER = 0.05  # seconds, from the first message of a quiet moment to the round that handles it
FLUSH = 1.0  # seconds between two writes of cursors, which is also what a crash repeats
FLUSH_FACTOR = 3.0  # the same as a multiple of the last write's duration, if that is longer
# Pauses after a round, as multiples of its duration: while people write, and while nobody does.
BUSY_FACTOR = 2.0
IDLE_FACTOR = 0.25
MAX_PAUSE = 1.0
MAX_OUTAGE_PAUSE = 5.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tenure:
    """The work of one holder in one generation of the consumer; it begins with all rooms."""

    reader: Reader
    term: int
    positions: Positions
    unseen: Iterator[list[Room]]  # rooms that it did not compare with their cursors yet
    due: DueRooms = field(default_factory=DueRooms)
    flush_at: float = 0.0  # when cursors are to be written next
    reports_failure: bool = False

    def is_of(self, state: ConsumerState) -> bool:
        """Return whether nobody has taken the lease since, and nobody has ordered a rebuild."""
        return (self.reader, self.term) == (state.reader, state.term)


class Worker:
    """Hands a consumer what is new, room by room, and moves its cursors."""

    def __init__(
        self,
        consumer: Consumer,
        leases: Leases,
        states: ConsumerRepository,
        bootstrap: Bootstrap,
        reading: Reading,
        arrivals: Arrivals,
    ) -> None:
        self._consumer = consumer
        self._leases = leases
        self._states = states
        self._bootstrap = bootstrap
        self._reading = reading
        self._arrivals = arrivals
        self._tenure: Tenure | None = None
        self._outages = 0
        self._stopped = threading.Event()
        self._wake = threading.Event()
        self._idle = threading.Event()
        self._idle.set()

    def offer(self, rooms: Sequence[Room]) -> None:
        """Look at these rooms, in which something may have happened."""
        tenure = self._tenure
        # Without a tenure nothing is lost: each begins with all rooms.
        if tenure is not None and rooms:
            for room in rooms:
                tenure.due.put(room)
            self._wake.set()

    def run(self) -> None:
        """Work until stopped, whenever this process holds the lease."""
        self._idle.clear()
        try:
            while not self._stopped.is_set():
                pause = self._try()
                if pause:
                    self._stopped.wait(pause)
                elif self._wake.wait(CHECK_INTERVAL):
                    self._stopped.wait(GATHER)
            self._finish()
        finally:
            self._idle.set()

    def stop(self) -> None:
        """End after the batch under way."""
        self._stopped.set()
        self._wake.set()

    def wait(self, seconds: float) -> None:
        """Wait until the worker has ended."""
        self._idle.wait(seconds)

    def start_over(self) -> None:
        """Drop what is in progress: the database was restored, and has its own cursors."""
        self._tenure = None

    def _try(self) -> float:
        """Do one round; return the seconds to wait, or 0 if there is nothing to do."""
        try:
            pause = self.work()
        except Exception as error:
            self._tenure = None  # begin again with what is stored
            if not is_outage(error):
                log.exception("consumer %s failed", self._consumer.name)
            elif not self._outages:
                log.warning(
                    "consumer %s waits for the database: %s", self._consumer.name, reason_of(error)
                )
            self._outages += 1
            return min(2.0 ** (self._outages - 1), MAX_OUTAGE_PAUSE)
        self._outages = 0
        return pause

    def work(self) -> float:
        """Do one round, if this process holds the lease; return the pause after it, or 0."""
        self._wake.clear()
        state = self._leases.held(self._consumer.name)
        if state is None:
            self._tenure = None
            return 0.0
        tenure = self._tenure
        if tenure is None or not tenure.is_of(state):
            positions = self._bootstrap.positions(state.reader)
            tenure = self._tenure = Tenure(state.reader, state.term, positions, iter(()))
            if not self._bootstrap.begin(self._consumer, state, positions, self._pause):
                self._tenure = None
                return CHECK_INTERVAL
            # From here on `offer` collects; what happened before is in the rooms.
            tenure.unseen = self._bootstrap.rooms()
        began = time.monotonic()
        has_compared = self._compare(tenure)
        is_working = self._round(tenure) or has_compared
        self._flush(tenure, now=not is_working)
        self._report(tenure)
        return self._pause_after(time.monotonic() - began) if is_working else 0.0

    def _compare(self, tenure: Tenure) -> bool:
        """Compare a chunk of rooms with their cursors, if few are due; return whether it did."""
        rooms = next(tenure.unseen, None) if len(tenure.due) < ROUND_ROOMS else None
        if rooms is None:
            return False
        self._bootstrap.correct(self._consumer, self._reading, tenure.positions, rooms)
        for room in rooms:
            if self._reading.is_ahead(room, tenure.positions.at(room.id)):
                tenure.due.put(room)
        return True

    def _round(self, tenure: Tenure) -> bool:
        """Handle what is new in the rooms that are due; return whether there were any."""
        rooms = tenure.due.take(ROUND_ROOMS)
        if not rooms:
            return False
        try:
            tenure.positions.load(room.id for room in rooms)
            found = self._read(tenure, rooms)
            handled = self._handle(tenure, found)
        except Exception:
            tenure.due.put_back(rooms)
            raise
        if self._keeps(tenure):
            for one in handled:
                room = one.batch.room
                tenure.due.succeeded(room.id)
                tenure.positions.move(room.id, one.cursor)
                if one.has_more:
                    tenure.due.put(room)
        return True

    def _read(self, tenure: Tenure, rooms: Sequence[Room]) -> list[Found]:
        """Read what is new in the rooms, until there is enough for a round."""
        found: list[Found] = []
        count = 0
        for place, room in enumerate(cooperatively(rooms), 1):
            try:
                one = self._reading.after(room, tenure.positions.at(room.id))
            except Exception as error:
                self._record_failure(tenure, room, error)
                continue
            found.append(one)
            count += len(one.batch.messages) + len(one.batch.changed)
            if count >= ROUND_MESSAGES:
                tenure.due.put_back(rooms[place:])
                break
        return found

    def _handle(self, tenure: Tenure, found: Sequence[Found]) -> list[Found]:
        """Hand what was found to the consumer; return that in which it did not fail."""
        news = [one for one in found if one.batch.messages or one.batch.changed]
        try:
            if news:
                self._consumer.handle([one.batch for one in news])
        except Exception as error:
            if is_outage(error):
                raise
            # One of the rooms may be the cause, so that the others need not wait for it.
            return [one for one in found if one not in news or self._handle_alone(tenure, one)]
        return list(found)

    def _handle_alone(self, tenure: Tenure, found: Found) -> bool:
        """Hand over one batch; return whether that succeeded."""
        try:
            self._consumer.handle([found.batch])
        except Exception as error:
            self._record_failure(tenure, found.batch.room, error)
            return False
        return True

    def _record_failure(self, tenure: Tenure, room: Room, error: Exception) -> None:
        """Let a room wait; raise what is not about this room."""
        if is_outage(error):
            raise error
        if tenure.due.failed(room):
            name = self._consumer.name
            log.error("consumer %s failed in room %s", name, room.id, exc_info=error)
            reason = f"{type(error).__name__} in room {room.id}"
            self._states.record_failure(name, reason)
            tenure.reports_failure = True

    def _keeps(self, tenure: Tenure) -> bool:
        """Return whether a tenure goes on; end it if not, so that the next compares all rooms."""
        state = self._leases.held(self._consumer.name)
        if self._tenure is tenure and state is not None and tenure.is_of(state):
            return True
        self._tenure = None
        return False

    def _report(self, tenure: Tenure) -> None:
        """Record that the consumer goes on in all rooms."""
        if tenure.reports_failure and not tenure.due.has_failing and self._keeps(tenure):
            self._states.record_failure(self._consumer.name, "")
            tenure.reports_failure = False

    def _flush(self, tenure: Tenure, now: bool) -> None:
        began = time.monotonic()
        if (now or began >= tenure.flush_at) and self._keeps(tenure):
            lost = tenure.positions.flush(self._pause)
            ended = time.monotonic()
            tenure.flush_at = ended + max(FLUSH, FLUSH_FACTOR * (ended - began))
            for some in self._bootstrap.rooms_of(lost):
                self.offer(some)

    def _finish(self) -> None:
        """Write the cursors at the end of the process."""
        tenure = self._tenure
        if tenure is not None:
            try:
                self._flush(tenure, now=True)
            except Exception as error:
                if not is_outage(error):
                    log.exception("consumer %s could not write its cursors", self._consumer.name)

    def _pause_after(self, seconds: float) -> float:
        factor = BUSY_FACTOR if self._arrivals.is_busy else IDLE_FACTOR
        return max(0.001, min(factor * seconds, MAX_PAUSE))

    def _pause(self, seconds: float) -> bool:
        """Let others run; return whether the work may go on."""
        self._stopped.wait(seconds)
        return not self._stopped.is_set() and bool(self._leases.held(self._consumer.name))
