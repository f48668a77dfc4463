"""Whose process was killed, ended or cut off is said to have left, and nobody else is."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from chat.database.client import Database
from harness.people import app_beside, make_people
from harness.servers import Server
from tests.conftest import drop, with_database
from tests.pausing import paused
from tests.sockets.conftest import Member
from tests.stopwatch import Stopwatch

LEASE = 4  # seconds, in tests that need not wait for the real one
HEARD_WITHIN = 30.0  # seconds after a process was killed, as promised
ENDED_WITHIN = 15.0  # seconds after SIGTERM: ten until it has ended, and five


class ShortLease(Server):
    """A server that is soon taken for dead, and whose clock is ahead by INJURY_CLOCK seconds."""

    program = "tests/guarantees/injured_server.py"


class Town(NamedTuple):
    """Two servers on one database; one person calls the first, the others the second."""

    first: Server
    second: Server
    here: Member
    there: Member
    witness: Member


@pytest.fixture(
    params=[LEASE, pytest.param(0, marks=pytest.mark.torture)], ids=["short lease", "real lease"]
)
def town(request: pytest.FixtureRequest, mongo_uri: str, tmp_path: Path) -> Iterator[Town]:
    name = f"test_{secrets.token_hex(8)}"
    uri, key = with_database(mongo_uri, name), secrets.token_hex(32)
    settings = {"MONGO_URI": uri, "SECRET_KEY": key, "RATE_LIMITS": "off"}
    lease = {"INJURY_LEASE": request.param} if request.param else {}
    with (
        ShortLease(tmp_path / "first", INJURY_CLOCK=300, **settings, **lease) as first,
        ShortLease(tmp_path / "second", **settings, **lease) as second,
        app_beside(tmp_path, uri, SECRET_KEY=key, RATE_LIMITS=False) as app,
        ExitStack() as stack,
    ):
        here, there, witness = make_people(app, "here", "there", "witness")
        yield Town(
            first,
            second,
            Member(here, first, stack),
            Member(there, second, stack),
            Member(witness, second, stack),
        )
    drop(Database(mongo_uri), name)


@pytest.mark.parametrize(
    ("number", "within"), [(signal.SIGKILL, HEARD_WITHIN), (signal.SIGTERM, ENDED_WITHIN)]
)
def test_when_a_process_is_gone_its_people_have_left(
    town: Town, number: signal.Signals, within: float
) -> None:
    group = town.here.create_group(town.there, town.witness)
    witness = town.witness.socket("/group")
    tabs = [town.there.socket("/group"), town.there.on(town.here).socket("/group")]
    tabs.append(town.here.socket("/group"))
    witness.pushed("presence_changed", user_id=town.here.id, online=True)
    members = town.witness.data("GET", f"/rooms/{group['id']}/members")
    assert all(found["user"]["online"] for found in members)
    watch = Stopwatch(town.second)
    if number == signal.SIGKILL:
        town.first.kill()
    else:
        assert town.first.stop() == 0
    witness.pushed("presence_changed", user_id=town.here.id, online=False)
    assert watch.seconds() < within
    told = [(push["user_id"], push["online"]) for push in witness.pushes("presence_changed")]
    assert (town.there.id, False) not in told
    members = town.witness.data("GET", f"/rooms/{group['id']}/members")
    assert [found["user"]["online"] for found in members] == [False, True, True]


def test_a_process_that_was_stopped_for_long_says_who_is_online_anew(town: Town) -> None:
    town.here.create_group(town.witness)
    witness = town.witness.socket("/group")
    client = town.here.socket("/group")
    witness.pushed("presence_changed", user_id=town.here.id, online=True)
    witness.received.clear()
    with paused(town.first.pid):
        witness.pushed("presence_changed", user_id=town.here.id, online=False)
    witness.pushed("presence_changed", user_id=town.here.id, online=True)
    client.barrier("/group")
