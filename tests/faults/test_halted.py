"""A database that hangs and goes on: everyone is answered, and what was stored unseen is heard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import requests

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
from tests.pausing import paused
from tests.sockets.conftest import Member, answered, message
from tests.stopwatch import Stopwatch

People = Callable[..., list[Member]]

# What is done to a message, by each event with what belongs to it.
CHANGES: list[tuple[str, dict[str, object]]] = [
    ("edit_message", {"data": "edited"}),
    ("react", {"emoji": "👍", "on": True}),
    ("pin_message", {"on": True}),
    ("delete_message", {}),
]
ANSWER_WITHIN = 5.0  # seconds, as promised
HEALTHY_WITHIN = 60.0


@contextmanager
def halted(server: Server) -> Iterator[float]:
    """Let the database of a server stand still for this block; gives the moment it stopped.

    A server that ends meanwhile kills it.
    """
    with paused(database_pid(server)):
        yield time.monotonic()


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + HEALTHY_WITHIN
    while requests.get(f"{server.url}/ready", timeout=60).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("seconds", [6, pytest.param(20, marks=pytest.mark.torture)])
def test_what_was_sent_while_the_database_hung_is_stored_once_and_reaches_everyone(
    crashing: Server, crowd: Crowd, figures: Figures, seconds: float
) -> None:
    app, database = crashing.pid, database_pid(crashing)
    wait_for_acks(crowd.senders, 5)
    with halted(crashing) as since:
        until = since + seconds
        while time.monotonic() < until or not all(one.refused for one in crowd.senders):
            assert time.monotonic() < until + HEALTHY_WITHIN, "somebody has no answer"
            time.sleep(0.1)
    continued = time.monotonic()
    back = first_ack_after(crowd.senders, continued)
    wait_for_acks(crowd.senders, 5)
    crowd.finish()
    stored = read_log(crowd.owner, crowd.room)
    heard = crowd.listener.wait_for(entry["seq"] for entry in stored)
    found = account(stored, crowd.senders)
    slowest_answer = max(sender.slowest for sender in crowd.senders)
    figures.add(
        f"database halted for {seconds} s",
        **found,
        slowest=back,
        slowest_answer=slowest_answer,
        last_heard_after=heard,
    )
    assert_sound(found, stored)
    assert found["refused"] >= len(crowd.senders)
    assert [crowd.listener.heard[entry["seq"]] for entry in stored] == stored
    assert (crashing.pid, database_pid(crashing)) == (app, database)
    assert all(not sender.cut_off for sender in crowd.senders)
    wait_until_ready(crashing)


def test_every_event_is_answered_while_the_database_hangs(crashing: Server, people: People) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    client.call("/group", "send_message", message(group, "before"))
    place = {"room_id": group["id"], "seq": 1}
    with halted(crashing):
        watch = Stopwatch(crashing)
        sent = [
            client.emit("/group", "send_message", message(group, "during", f"d{number}"))
            for number in range(5)
        ]
        others = [
            client.emit("/group", "sync", {"rooms": {}}),
            client.emit("/group", "create_room", {"name": "later"}),
            client.emit("/group", "mark_read", {"room_id": group["id"], "seq": 1}),
            *(client.emit("/group", event, {**place, **more}) for event, more in CHANGES),
        ]
        answers = [client.ack(ack_id) for ack_id in sent + others]
        assert watch.seconds() < ANSWER_WITHIN
        codes = {answer["error"]["code"] for answer in answers if "error" in answer}
        assert codes == {"unavailable"}
        assert all("error" in answer for answer in answers[:5] + answers[-len(CHANGES) :])
    wait_until_ready(crashing)
    for number in range(5):  # sent again, as a client does: stored once, under the same client_id
        payload = message(group, "during", f"d{number}")
        assert "data" in answered(partial(client.call, "/group", "send_message", payload))
    page = ada.data("GET", f"/rooms/{group['id']}/messages")
    assert [entry["client_id"] for entry in page["messages"]][1:] == [f"d{n}" for n in range(5)]
    client.pushed("message_created", client_id="d4")


def test_every_call_is_answered_while_the_database_hangs(crashing: Server, people: People) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    log_in = {"username": ada.username, "password": ada.password}
    calls = [
        ("GET", "/rooms", None),
        ("GET", f"/rooms/{group['id']}/messages", None),
        ("POST", f"/rooms/{group['id']}/messages", {"client_id": "c", "data": "during"}),
        ("PATCH", f"/rooms/{group['id']}", {"name": "Another name"}),
        ("PATCH", f"/rooms/{group['id']}/messages/1", {"data": "during"}),
        ("PUT", f"/rooms/{group['id']}/messages/1/pin", None),
        ("GET", f"/rooms/{group['id']}/changes?after_rev=0", None),
        ("PUT", f"/rooms/{group['id']}/read", {"seq": 0}),
        ("DELETE", f"/rooms/{group['id']}", None),
        ("POST", "/rooms", {"name": "Another"}),
        ("POST", "/session", log_in),
        ("GET", "/../ready", None),
    ]

    def call(method: str, path: str, body: Any) -> tuple[int, str, float]:
        watch = Stopwatch(crashing)
        response = requests.request(
            method, f"{crashing.url}/api{path}", json=body, headers=ada.headers, timeout=60
        )
        took = watch.seconds()
        return response.status_code, response.json()["error"]["code"], took

    with halted(crashing), ThreadPoolExecutor(len(calls)) as pool:
        answers = [found.result() for found in [pool.submit(call, *one) for one in calls]]
    assert {answer[:2] for answer in answers} == {(503, "unavailable")}
    assert max(answer[2] for answer in answers) < ANSWER_WITHIN
    wait_until_ready(crashing)
