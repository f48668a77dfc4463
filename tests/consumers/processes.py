"""Processes with a consumer, on one database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from chat.consumers.consumer import Batch
from chat.consumers.runner import ConsumerRunner
from chat.database.client import Database
from chat.models import Room
from chat.repositories.changes import ChangeRepository
from chat.repositories.consumers import ConsumerRepository
from chat.repositories.cursors import CursorRepository
from chat.repositories.log_ends import LogEndRepository
from chat.repositories.messages import MessageRepository
from tests.log.desk import Desk


class Recorder:
    """A consumer that records what it gets, by room; `during` is called with each batch first."""

    name = "recorder"
    reads_messages = True

    def __init__(self, begins_at_head: bool = False, tells_people: bool = False) -> None:
        self.begins_at_head = begins_at_head
        self.tells_people = tells_people
        self.during: Callable[[Batch], object] = lambda batch: None
        self.calls: list[Sequence[Batch]] = []
        self.new: dict[str, list[int]] = {}  # seqs, by room
        self.changed: dict[str, list[tuple[int, int]]] = {}  # seqs and versions, by room
        self.cleared = 0

    def handle(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            self.during(batch)
        self.calls.append(batches)
        for batch in batches:
            seqs = [message.seq for message in batch.messages]
            places = [message.place for message in batch.changed]
            self.new.setdefault(batch.room.id, []).extend(seqs)
            self.changed.setdefault(batch.room.id, []).extend(places)

    def clear(self) -> Iterator[object]:
        for _ in range(3):
            self.cleared += 1
            yield None


class Process(Desk):
    """The log of one process, and its runner with one consumer."""

    def __init__(self, database: Database, recorder: Recorder) -> None:
        super().__init__(database, MessageRepository(database), ChangeRepository(database))
        self.recorder = recorder
        self.cursors = CursorRepository(database)
        self.states = ConsumerRepository(database)
        self.now = database.now_ms  # its estimate of the database's clock
        self.runner = ConsumerRunner(
            self.log,
            self.rooms,
            self.cursors,
            self.states,
            LogEndRepository(database),
            lambda: self.now(),
        )
        self.runner.add(recorder)
        self.follow(self.listener)
        self.log.followers = (*self.log.followers, self.runner)
        self.follow_changes(self.change_listener, self.runner)

    def touch(self, *rooms: Room) -> None:
        """Tell the runner what a reconciler would find."""
        self.runner.rooms_touched(self.rooms.list_by_ids(room.id for room in rooms))

    def write_down(self) -> None:
        """Write what the process says of its rooms, as it does a moment later."""
        assert self.previews.flush()
