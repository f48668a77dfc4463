"""SIGTERM: what was taken is stored and answered, what comes then is refused, and it ends soon."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from chat.database.embedded import EmbeddedDatabase
from harness.servers import PATIENCE, Server
from tests.faults.conftest import Crowd
from tests.faults.senders import account, assert_sound, read_log, wait_for_acks
from tests.faults.test_halted import halted
from tests.figures import Figures
from tests.sockets.conftest import Member, message
from tests.stopwatch import Stopwatch
from tests.wire import WireClient

ENDS_WITHIN = 10.0  # seconds, as promised

People = Callable[..., list[Member]]


@pytest.mark.parametrize("ends", [1, pytest.param(10, marks=pytest.mark.torture)])
def test_what_was_taken_before_sigterm_is_stored_and_answered(
    crashing: Server, crowd: Crowd, figures: Figures, ends: int
) -> None:
    took, late = [], 0
    for _ in range(ends):
        wait_for_acks(crowd.senders, 10)
        for sender in crowd.senders:
            sender.cut_off.clear()
        ended = time.monotonic()
        assert crashing.stop() == 0
        took.append(time.monotonic() - ended)
        late += sum(out < ended for sender in crowd.senders for out in sender.cut_off)
        crashing.start()
    wait_for_acks(crowd.senders, 1)
    crowd.finish()
    stored = read_log(crowd.owner, crowd.room)
    found = account(stored, crowd.senders)
    figures.add(f"ended by SIGTERM, {ends} times", **found, slowest=max(took), no_answer=late)
    assert_sound(found, stored)
    assert late == 0
    assert max(took) < ENDS_WITHIN


def test_while_it_ends_new_work_is_refused_and_readers_are_served(
    crashing: Server, people: People
) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    sent = client.emit("/group", "send_message", message(group, "before"))
    assert "data" in client.ack(sent)
    ada.data("GET", "/rooms")  # leaves a connection open
    codes: list[int] = []
    reaper = threading.Thread(target=lambda: codes.append(crashing.wait()))
    with halted(crashing):  # so that the end takes a while
        taken = client.emit("/group", "send_message", message(group, "taken"))
        client.barrier("/group")
        ending = Stopwatch(crashing)
        crashing.signal(signal.SIGTERM)
        reaper.start()
        wait_until_refused(crashing.port)
        asking = Stopwatch(crashing)
        late = client.emit("/group", "send_message", message(group, "late"))
        assert client.ack(late)["error"]["code"] == "unavailable"
        refused = ada.http("POST", "/rooms", {"name": "late"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
        ready = ada.http("GET", "/../ready")
        assert (ready.status_code, ready.json()["error"]["code"]) == (503, "unavailable")
        assert "shutting down" in ready.json()["error"]["message"]
        assert ada.http("GET", "/../health").status_code == 200
        assert asking.seconds() < 4  # at once, not because the database hangs
        assert client.ack(taken)["error"]["code"] == "unavailable"
        client.wait_closed()
        ending.waited()  # looked at while it is there
        reaper.join(PATIENCE)
        assert ending.seconds() < ENDS_WITHIN
    assert codes == [0]
    # A client in JavaScript comes back by itself only if it loses its transport without a word.
    assert [entry for entry in client.received if entry[0] == WireClient.DISCONNECT] == []


def wait_until_refused(port: int) -> None:
    """Wait until nobody listens on a port any more."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        time.sleep(0.01)
    raise AssertionError("it still takes connections")


def test_nobody_is_told_that_others_left_when_the_server_ends(
    crashing: Server, people: People
) -> None:
    ada, bob = people("ada", "bob")
    ada.create_group(bob)
    clients = [member.socket("/group") for member in (ada, bob)]
    for client in clients:
        client.barrier("/group")
    assert crashing.stop() == 0
    for client in clients:
        client.wait_closed()
        gone = [push for push in client.pushes("presence_changed") if not push["online"]]
        assert gone == []
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{crashing.url}/health", timeout=PATIENCE)


def test_it_ends_in_time_although_its_own_mongodb_is_gone(tmp_path: Path) -> None:
    gone = EmbeddedDatabase(tmp_path / "gone", durable=False)
    with Server(tmp_path / "var", MONGO_URI=gone.uri()) as server:
        gone.stop()
        assert requests.get(f"{server.url}/health", timeout=PATIENCE).status_code == 200
        answer = requests.get(f"{server.url}/ready", timeout=PATIENCE)
        assert answer.status_code == 503
        ending = Stopwatch(server)
        server.signal(signal.SIGTERM)
        while server.running:
            ending.waited()  # looked at while it is there
            time.sleep(0.05)
        assert ending.seconds() < ENDS_WITHIN
        assert server.wait() == 0
        assert "Traceback" not in server.log()
