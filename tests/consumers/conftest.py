"""Processes with consumers, which close at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chat.consumers import leases, worker
from chat.consumers.arrivals import Arrivals
from chat.consumers.bootstrap import Bootstrap
from chat.consumers.reading import Reading
from chat.database.client import Database
from chat.ids import new_id
from chat.models import Room
from chat.repositories.rooms import RoomRepository
from harness.servers import PATIENCE
from tests.clocks import Clock
from tests.consumers.processes import Process, Recorder

OpenProcess = Callable[..., Process]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write cursors after each round, and renew leases whenever they are looked at."""
    monkeypatch.setattr(worker, "FLUSH", 0.0)
    monkeypatch.setattr(leases, "RENEW", 0.0)


@pytest.fixture
def open_process(migrated: Database) -> Iterator[OpenProcess]:
    """A function that starts one more process, with a recorder of its own or a given one."""
    opened: list[Process] = []

    def open_process(recorder: Recorder | None = None) -> Process:
        opened.append(Process(migrated, recorder or Recorder()))
        return opened[-1]

    yield open_process
    for process in opened:
        process.runner.stop(PATIENCE)
        assert process.log.close(PATIENCE) and process.previews.flush()


@pytest.fixture
def process(open_process: OpenProcess) -> Process:
    return open_process()


class Lapsing:
    """A worker of one process, whose lease lapses when a test says so."""

    def __init__(self, process: Process) -> None:
        self._clock = Clock(0.0)
        arrivals = Arrivals()
        self.leases = leases.Leases(process.states, process.now, self._clock)
        self.worker = worker.Worker(
            process.recorder,
            self.leases,
            process.states,
            Bootstrap(process.rooms, process.cursors, process.states),
            Reading(process.log, arrivals, reads_messages=True),
            arrivals,
        )

    def lapse(self) -> None:
        """Let the time pass for which the lease is valid here; nobody else takes it."""
        self._clock.now += leases.LEASE - leases.MARGIN


@pytest.fixture
def lapsing(process: Process) -> Lapsing:
    return Lapsing(process)


@pytest.fixture
def rooms(migrated: Database) -> list[Room]:
    repository = RoomRepository(migrated)
    return [repository.insert_group(new_id(), f"Group {number}", "") for number in range(3)]


@pytest.fixture
def room(rooms: list[Room]) -> Room:
    return rooms[0]
