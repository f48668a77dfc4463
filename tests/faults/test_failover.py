"""A replica set loses its primary in the middle of traffic: nothing acked is lost, and all goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.mongod import ReplicaSet
from harness.servers import Server
from tests.conftest import with_database
from tests.engines import replica_set
from tests.faults.conftest import Crowd
from tests.faults.senders import read_log
from tests.faults.test_killed import finish, injure, times
from tests.figures import Figures

BACK_WITHIN = 15.0  # seconds from the end of a primary to the first new ack


@pytest.fixture
def three() -> Iterator[ReplicaSet]:
    """A replica set of three members of this test's own."""
    with replica_set(3) as found:
        yield found


@pytest.fixture
def uri(three: ReplicaSet) -> str:
    return with_database(three.uri, "chat")


@pytest.fixture
def crashing(uri: str, tmp_path: Path) -> Iterator[Server]:
    """A server on the replica set."""
    with Server(tmp_path / "var", MONGO_URI=uri, RATE_LIMITS="off") as server:
        yield server


@times(2, 10)
def test_what_was_acked_survives_the_death_of_the_primary(
    crashing: Server, crowd: Crowd, three: ReplicaSet, figures: Figures, deaths: int
) -> None:
    def kill_primary() -> float:
        three.heal()
        three.kill_primary()
        return time.monotonic()

    back = injure(crashing, crowd, deaths, kill_primary)
    three.heal()  # the dead one comes back, and what only it had stored is taken back
    finish(crowd, figures, f"primary killed, {deaths} times", back)
    crowd.listener.wait_for(entry["seq"] for entry in read_log(crowd.owner, crowd.room))
    assert max(one.seconds for one in back) < BACK_WITHIN, back


@times(2, 10)
def test_what_was_acked_survives_the_change_of_the_primary(
    crashing: Server, crowd: Crowd, three: ReplicaSet, figures: Figures, deaths: int
) -> None:
    def step_down() -> float:
        three.heal()
        three.step_down()
        return time.monotonic()

    back = injure(crashing, crowd, deaths, step_down)
    finish(crowd, figures, f"primary stepped down, {deaths} times", back)
    crowd.listener.wait_for(entry["seq"] for entry in read_log(crowd.owner, crowd.room))
    assert max(one.seconds for one in back) < BACK_WITHIN, back
