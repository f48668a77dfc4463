"""The queue of CONNECT requests, without a server."""

from __future__ import annotations

import threading

import pytest

from chat.realtime import connect_queue
from chat.realtime.connect_queue import ConnectQueue
from chat.realtime.connections import Connections

WAIT = 60.0  # seconds
MAX_OF_ONE = 20


class Gate:
    """Blocks all requests until it is opened, and records the order of those that ran."""

    def __init__(self, max_per_session: int | None = None) -> None:
        self.queue = ConnectQueue(max_per_session)
        self.ran: list[str] = []
        self.opened = threading.Event()
        self.reached = threading.Semaphore(0)
        self.passed = threading.Semaphore(0)

    def ask(self, client: str, name: str = "") -> bool:
        return self.queue.put(client, self._admit, name or client)

    def _admit(self, name: str) -> None:
        self.reached.release()
        assert self.opened.wait(WAIT)
        self.ran.append(name)
        self.passed.release()
        if name == "broken":
            raise RuntimeError("a bug")

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self.passed.acquire(timeout=WAIT)


def test_only_a_few_requests_run_at_once() -> None:
    gate = Gate()
    for number in range(connect_queue.AT_ONCE + 3):
        assert gate.ask(str(number))
    for _ in range(connect_queue.AT_ONCE):
        assert gate.reached.acquire(timeout=WAIT)
    assert not gate.reached.acquire(timeout=0.1), "the others wait"
    gate.opened.set()
    gate.wait_for(connect_queue.AT_ONCE + 3)


def test_requests_of_other_sessions_run_between_those_of_one_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connect_queue, "AT_ONCE", 1)  # the order of two threads is not defined
    gate = Gate()
    assert gate.ask("first")
    assert gate.reached.acquire(timeout=WAIT)
    for number in range(3):
        assert gate.ask("greedy", f"greedy {number}")
    assert gate.ask("patient")
    gate.opened.set()
    gate.wait_for(5)
    assert gate.ran == ["first", "greedy 0", "patient", "greedy 1", "greedy 2"]


def test_a_session_with_too_many_waiting_requests_is_refused_and_may_retry() -> None:
    gate = Gate(MAX_OF_ONE)
    for number in range(connect_queue.AT_ONCE):
        assert gate.ask(f"first {number}")
    assert [gate.ask("greedy") for _ in range(MAX_OF_ONE + 1)] == [True] * MAX_OF_ONE + [False]
    gate.opened.set()
    gate.wait_for(connect_queue.AT_ONCE + MAX_OF_ONE)
    assert gate.ask("greedy")
    gate.wait_for(1)


def test_as_many_requests_may_wait_as_a_user_may_have_connections() -> None:
    assert Connections(50).max_pending_connects == 100  # each with two namespaces
    assert Connections(None).max_pending_connects is None
    gate = Gate()
    for number in range(connect_queue.AT_ONCE):
        assert gate.ask(f"first {number}")
    assert all(gate.ask("many", f"many {number}") for number in range(300))
    gate.opened.set()
    gate.wait_for(connect_queue.AT_ONCE + 300)


def test_an_error_in_one_request_does_not_stop_the_next() -> None:
    gate = Gate()
    gate.opened.set()
    for number in range(2 * connect_queue.AT_ONCE):
        assert gate.ask(f"client {number}", "broken")
    assert gate.ask("fine")
    gate.wait_for(2 * connect_queue.AT_ONCE + 1)
    assert "fine" in gate.ran
