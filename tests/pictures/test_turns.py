"""Whose picture is decoded next, and who has to come back later."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chat.errors import RateLimited
from chat.pictures.turns import HALF_LIFE, MUCH, DecoderTurns
from harness.servers import PATIENCE
from tests.clocks import Clock


@pytest.fixture
def clock() -> Clock[float]:
    return Clock(0.0)


@pytest.fixture
def turns(clock: Clock[float]) -> DecoderTurns:
    return DecoderTurns(clock=clock)


def use(turns: DecoderTurns, clock: Clock[float], owner: str, seconds: float) -> None:
    """Decode a picture that takes so long."""
    with turns.turn(owner):
        clock.now += seconds


@contextmanager
def queue(turns: DecoderTurns, *owners: str) -> Iterator[list[str]]:
    """Let these wait, and serve them by one slot afterwards; yield who was served, in order."""
    served: list[str] = []

    def decode(owner: str) -> None:
        with turns.turn(owner):
            served.append(owner)

    threads = [threading.Thread(target=decode, args=(owner,)) for owner in owners]
    with turns.turn("busy"):
        with turns.turn("busy too"):
            for count, thread in enumerate(threads, 1):
                thread.start()
                deadline = time.monotonic() + PATIENCE
                while turns.waiting < count:
                    assert time.monotonic() < deadline
                    time.sleep(0.001)
            yield served
        for thread in threads:
            thread.join(PATIENCE)


def test_those_whose_pictures_took_least_are_next(turns: DecoderTurns, clock: Clock[float]) -> None:
    use(turns, clock, "ann", 20.0)
    use(turns, clock, "bob", 2.0)
    with queue(turns, "ann", "bob", "cleo", "dan") as served:
        pass
    assert served == ["cleo", "dan", "bob", "ann"]


def test_somebody_whose_pictures_took_much_comes_back_later_if_others_wait(
    turns: DecoderTurns, clock: Clock[float]
) -> None:
    use(turns, clock, "ann", MUCH + 1.0)
    use(turns, clock, "ann", 1.0)  # nobody waits
    turns.require_may_wait("ann")
    with queue(turns, "bob"):
        with pytest.raises(RateLimited) as refused:
            use(turns, clock, "ann", 1.0)
        with pytest.raises(RateLimited):
            turns.require_may_wait("ann")  # before the bytes are sent
        turns.require_may_wait("cleo")
    assert refused.value.retry_after == 60


def test_what_was_used_is_forgotten_in_time(turns: DecoderTurns, clock: Clock[float]) -> None:
    use(turns, clock, "ann", MUCH + 1.0)
    clock.now += HALF_LIFE
    with queue(turns, "bob", "ann") as served:
        pass
    assert served == ["bob", "ann"]


def test_without_limits_nobody_is_refused(clock: Clock[float]) -> None:
    turns = DecoderTurns(enabled=False, clock=clock)
    use(turns, clock, "ann", MUCH + 1.0)
    with queue(turns, "bob", "ann") as served:
        pass
    assert served == ["bob", "ann"]
