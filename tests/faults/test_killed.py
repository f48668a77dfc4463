"""SIGKILL in the middle of traffic: nothing acked is lost, nothing repeated is stored twice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from statistics import median_low

import pytest

from chat.database.embedded import STEADY_SECONDS
from harness.servers import Server
from tests.faults.conftest import Crowd, database_pid
from tests.faults.senders import (
    account,
    assert_sound,
    first_ack_after,
    read_log,
    wait_for_acks,
)
from tests.figures import Figures
from tests.stopwatch import Stopwatch, Took

pytestmark = pytest.mark.usefixtures("embedded_engine")

ACKS_BETWEEN = 10  # of each sender, between two deaths
BACK_WITHIN = 5.0  # seconds from the database's death to the first new ack


def times(normal: int, torture: int) -> pytest.MarkDecorator:
    """Run a test a few times, and often under torture."""
    return pytest.mark.parametrize(
        "deaths", [normal, pytest.param(torture, marks=pytest.mark.torture)]
    )


@times(3, 20)
def test_what_was_acked_survives_the_death_of_the_app(
    crashing: Server, crowd: Crowd, figures: Figures, deaths: int
) -> None:
    back = injure(crashing, crowd, deaths, lambda: restart(crashing))
    finish(crowd, figures, f"app killed, {deaths} times", back)


def restart(server: Server) -> float:
    server.kill()
    died = time.monotonic()  # what was sent before may have been acked while it was alive
    server.start()
    return died


@times(2, 10)
def test_what_was_acked_survives_the_death_of_the_database(
    crashing: Server, crowd: Crowd, figures: Figures, deaths: int
) -> None:
    killed: list[int] = []

    def kill_database() -> float:
        if killed:  # or it would be started again more and more slowly
            time.sleep(STEADY_SECONDS + 1)
        killed.append(database_pid(crashing))
        os.kill(killed[-1], signal.SIGKILL)
        return time.monotonic()

    back = injure(crashing, crowd, deaths, kill_database)
    finish(crowd, figures, f"database killed, {deaths} times", back)
    crowd.listener.wait_for(entry["seq"] for entry in read_log(crowd.owner, crowd.room))
    assert crashing.log().count("the embedded database was killed by signal 9") == deaths
    # Other work on this machine may have slowed one down.
    assert median_low(one.seconds for one in back) < BACK_WITHIN, back


def test_what_was_acked_survives_the_death_of_both(
    crashing: Server, crowd: Crowd, figures: Figures
) -> None:
    def kill_both() -> float:
        os.kill(database_pid(crashing), signal.SIGKILL)
        return restart(crashing)

    back = injure(crashing, crowd, 1, kill_both)
    finish(crowd, figures, "app and database killed", back)


def injure(server: Server, crowd: Crowd, deaths: int, strike: Callable[[], float]) -> list[Took]:
    """Strike so many times under traffic; return how long each time it took to the next ack.

    `strike` returns the moment of the death.
    """
    back = []
    for _ in range(deaths):
        wait_for_acks(crowd.senders, ACKS_BETWEEN)
        died = strike()
        watch = Stopwatch(server)
        back.append(watch.took(died, died + first_ack_after(crowd.senders, died)))
    wait_for_acks(crowd.senders, ACKS_BETWEEN)
    assert server.running
    return back


def finish(crowd: Crowd, figures: Figures, run: str, back: list[Took]) -> None:
    """Let everything be repeated until it is acked, and compare that with what is stored."""
    crowd.finish()
    stored = read_log(crowd.owner, crowd.room)
    found = account(stored, crowd.senders)
    took = [one.elapsed for one in back]
    figures.add(run, **found, slowest=max(took), quickest=min(took))
    assert_sound(found, stored)
    # The room itself has caught up with its log, and it goes on.
    assert crowd.owner.post(crowd.room, "and on it goes")["seq"] == len(stored) + 1
    assert crowd.owner.data("GET", "/rooms")[0]["last_message"]["data"] == "and on it goes"
