"""The queue of CONNECT requests, without a server."""

from __future__ import annotations

import threading

from chat.realtime.connect_queue import BATCH, ConnectQueue
from chat.realtime.connections import Connections

WAIT = 60.0  # seconds
MAX_OF_ONE = 20


class Gate:
    """Blocks all batches until it is opened, and records those that it admitted."""

    def __init__(self, max_per_session: int | None = None) -> None:
        self.queue: ConnectQueue[str] = ConnectQueue(self._admit, max_per_session)
        self.batches: list[list[str]] = []
        self.opened = threading.Event()
        self.reached = threading.Semaphore(0)
        self._passed = threading.Semaphore(0)

    def ask(self, session: str, name: str = "") -> bool:
        return self.queue.put(session, name or session)

    def _admit(self, batch: list[str]) -> None:
        self.reached.release()
        assert self.opened.wait(WAIT)
        self.batches.append(batch)
        for _ in batch:
            self._passed.release()
        if "broken" in batch:
            raise RuntimeError("a bug")

    def block(self) -> None:
        """Let a first request be in progress, so that the later ones wait."""
        assert self.ask("first")
        assert self.reached.acquire(timeout=WAIT)

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self._passed.acquire(timeout=WAIT)


def test_requests_that_wait_are_admitted_together_a_bounded_number_at_a_time() -> None:
    gate = Gate()
    gate.block()
    names = [f"client {number}" for number in range(BATCH + 3)]
    assert all(map(gate.ask, names))
    assert not gate.reached.acquire(timeout=0.1), "the next batch waits"
    gate.opened.set()
    gate.wait_for(1 + len(names))
    assert gate.batches == [["first"], names[:BATCH], names[BATCH:]]


def test_a_batch_has_one_request_of_each_session() -> None:
    gate = Gate()
    gate.block()
    for number in range(3):
        assert gate.ask("greedy", f"greedy {number}")
    assert gate.ask("patient")
    gate.opened.set()
    gate.wait_for(5)
    assert gate.batches == [["first"], ["greedy 0", "patient"], ["greedy 1"], ["greedy 2"]]


def test_requests_of_other_sessions_go_before_the_next_ones_of_a_session() -> None:
    gate = Gate()
    gate.block()
    others = [f"other {number}" for number in range(BATCH)]
    for number in range(2):
        assert gate.ask("greedy", f"greedy {number}")
    assert all(map(gate.ask, others))
    gate.opened.set()
    gate.wait_for(3 + len(others))
    assert gate.batches[1:] == [["greedy 0", *others[:-1]], [others[-1], "greedy 1"]]


def test_a_session_with_too_many_waiting_requests_is_refused_and_may_retry() -> None:
    gate = Gate(MAX_OF_ONE)
    gate.block()
    assert [gate.ask("greedy") for _ in range(MAX_OF_ONE + 1)] == [True] * MAX_OF_ONE + [False]
    gate.opened.set()
    gate.wait_for(1 + MAX_OF_ONE)
    assert gate.ask("greedy")
    gate.wait_for(1)


def test_as_many_requests_may_wait_as_a_user_may_have_connections() -> None:
    assert Connections(50).max_pending_connects == 100  # each with two namespaces
    assert Connections(None).max_pending_connects is None
    gate = Gate()
    gate.block()
    assert all(gate.ask("many", f"many {number}") for number in range(100))
    gate.opened.set()
    gate.wait_for(101)


def test_an_error_in_one_batch_does_not_stop_the_next() -> None:
    gate = Gate()
    gate.opened.set()
    assert gate.ask("client", "broken")
    gate.wait_for(1)
    assert gate.ask("fine")
    gate.wait_for(1)
    assert gate.batches == [["broken"], ["fine"]]
