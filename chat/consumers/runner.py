"""Runs the consumers in a serving process."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from chat.concurrency import spawn
from chat.consumers.arrivals import Arrivals
from chat.consumers.bootstrap import Bootstrap
from chat.consumers.consumer import Consumer
from chat.consumers.leases import Leases
from chat.consumers.reading import Reading
from chat.consumers.unannounced import SWEEP, UnannouncedEntries
from chat.consumers.worker import Worker
from chat.log.room_log import RoomLog
from chat.models import Changes, Message, Room
from chat.repositories.consumers import ConsumerRepository
from chat.repositories.cursors import CursorRepository
from chat.repositories.log_ends import LogEndRepository
from chat.repositories.outages import logged_unless_outage
from chat.repositories.rooms import RoomRepository

INTERVAL = 1.0  # seconds between two looks at the leases

log = logging.getLogger(__name__)


class ConsumerRunner:
    """Keeps the leases, and tells the workers where something happened.

    It is a follower of `RoomLog`, for what happens in this process. The reconciler tells it of
    rooms that others touched.
    """

    def __init__(
        self,
        room_log: RoomLog,
        rooms: RoomRepository,
        cursors: CursorRepository,
        states: ConsumerRepository,
        ends: LogEndRepository,
        clock: Callable[[], int],
    ) -> None:
        self._room_log = room_log
        self._states = states
        self._arrivals = Arrivals()
        self._leases = Leases(states, clock)
        self._unannounced = UnannouncedEntries(self._leases, ends, rooms, room_log, states, clock)
        self._bootstrap = Bootstrap(rooms, cursors, states)
        self.consumers: dict[str, tuple[Consumer, Reading]] = {}
        self._workers: dict[str, Worker] = {}
        self._stopped = threading.Event()

    def add(self, consumer: Consumer) -> None:
        """Add a consumer, before `run`."""
        reading = Reading(self._room_log, self._arrivals, consumer.reads_messages)
        self.consumers[consumer.name] = consumer, reading
        self._workers[consumer.name] = Worker(
            consumer,
            self._leases,
            self._states,
            self._bootstrap,
            reading,
            self._arrivals,
        )

    def run(self) -> None:
        """Look once a second which consumers to work for, until stopped."""
        for worker in self._workers.values():
            spawn(worker.run)
        spawn(self._unannounced.run)
        while not self._stopped.is_set():
            with logged_unless_outage(
                log, "could not look at the leases of consumers", self._stopped.is_set
            ):
                self.refresh()
            self._stopped.wait(INTERVAL)

    def refresh(self) -> None:
        """Renew leases and take free ones."""
        self._leases.refresh([*self._workers, SWEEP])
        if not self._leases.holds_any:
            self._arrivals.forget_all()

    def run_due(self) -> None:
        """Take the leases that are free, and handle everything that is new, in this thread."""
        self.refresh()
        self._unannounced.run_if_due()
        for worker in self._workers.values():
            while worker.work():
                pass

    def stop(self, seconds: float) -> None:
        """End the batches under way, and give the leases to other processes."""
        self._stopped.set()
        self._unannounced.stop()
        ends_at = time.monotonic() + seconds
        for worker in self._workers.values():
            worker.stop()
        for worker in self._workers.values():
            worker.wait(max(0.0, ends_at - time.monotonic()))
        # During an outage they expire by themselves.
        with logged_unless_outage(log, "could not release the leases of consumers"):
            self._leases.release(seconds)

    def start_over(self) -> None:
        """Drop what is in progress: the database was restored, and has its own cursors."""
        self._leases.start_over()
        self._arrivals.forget_all()
        for worker in self._workers.values():
            worker.start_over()

    def rooms_touched(self, rooms: Sequence[Room]) -> None:
        """Look at rooms in which something happened, here or elsewhere."""
        for worker in self._workers.values():
            worker.offer(rooms)

    def on_stored(self, room: Room, message: Message) -> None:
        if self._leases.holds_any:
            self._arrivals.put(message)
        for name, (consumer, _) in self.consumers.items():
            if consumer.reads_messages:
                self._workers[name].offer((room,))

    def on_caught_up(self, room: Room, message: Message) -> None:
        """Do nothing: the reconciler has found the room, and tells of it."""

    def on_changed(self, room: Room, changes: Changes) -> None:
        self._arrivals.forget(room.id)
        self.rooms_touched((room,))

    def on_changes_caught_up(self, room: Room, changes: Changes) -> None:
        self._arrivals.forget(room.id)
