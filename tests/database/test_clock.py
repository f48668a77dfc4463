"""The shared clock follows the database's, for quick and slow answers."""

from __future__ import annotations

import time

import pytest

from chat.database.client import Database
from chat.database.clock import SharedClock
from tests.clocks import Clock


@pytest.fixture
def seconds() -> Clock[float]:
    """A monotonic clock that is moved by hand."""
    return Clock(50.0)


def learn(clock: SharedClock, seconds: Clock[float], told: int, took: float) -> None:
    asked_at = seconds.now
    seconds.now += took
    clock.correct(told, asked_at)


def test_before_the_first_answer_there_is_no_estimate(seconds: Clock[float]) -> None:
    assert SharedClock(seconds).now_ms() is None


def test_a_slow_answer_does_not_shift_it_and_a_quick_one_corrects_it(seconds: Clock[float]) -> None:
    clock = SharedClock(seconds)
    learn(clock, seconds, 1_000_000, 0.002)
    assert clock.now_ms() == 1_000_001
    learn(clock, seconds, 1_000_003, 3)  # the database answered at the start of the round trip
    assert clock.now_ms() == 1_003_001
    learn(clock, seconds, 1_003_500, 0.002)  # the database's clock was set
    assert clock.now_ms() == 1_003_500
    learn(clock, seconds, 500_000, 0.002)
    assert clock.now_ms() == 500_002
    seconds.now += 7
    assert clock.now_ms() == 507_002


def test_the_wall_clock_of_this_process_is_not_used(
    migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = time.time() * 1000
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    database = migrated.now_ms()
    assert abs(database - right) < 60_000
    assert migrated.now_ms() >= database
