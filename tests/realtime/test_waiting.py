"""Limits of the waiting events and connect requests of one connection."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask

from chat.budgets import USER, WAIT_SECONDS
from chat.namespaces.group import GroupNamespace
from chat.realtime import acks, event_queue
from chat.realtime.connect_queue import ConnectQueue
from chat.realtime.connections import Connection
from chat.wiring import Services
from harness.people import Person, make_people

Answers = list[dict[str, Any]]


@pytest.fixture
def services(app: Flask) -> Services:
    found: Services = app.extensions["chat"]
    return found


class Spawned:
    """What would run beside the test, and runs when it is told to."""

    def __init__(self) -> None:
        self._calls: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def __call__(self, function: Callable[..., None], *arguments: Any) -> None:
        self._calls.append((function, arguments))

    def run(self) -> None:
        calls, self._calls = self._calls, []
        for function, arguments in calls:
            function(*arguments)


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> Spawned:
    """The handling of events, which waits until the test runs it."""
    found = Spawned()
    monkeypatch.setattr(event_queue, "spawn_after", found)
    return found


@pytest.fixture
def handler(app: Flask, services: Services, spawned: Spawned) -> GroupNamespace:
    """A namespace that looks at no event before it is told to."""
    return GroupNamespace(app, services)


def connection_of(person: Person) -> Connection:
    budgets = person.client.application.extensions["chat"].budgets
    payer = budgets.of_user(person.id)
    connection = Connection("sid", "eio", "/group", person.model, "session", 0, "en", payer)
    connection.pending = False
    return connection


def send(
    handler: GroupNamespace, connection: Connection, event: list[Any], answers: Answers
) -> None:
    text = json.dumps(event)
    handler.receive(connection, json.loads(text), text, answers.append)


def test_waiting_events_are_limited_by_number(
    app: Flask, handler: GroupNamespace, spawned: Spawned
) -> None:
    (ada,) = make_people(app, "ada")
    connection, answers = connection_of(ada), Answers()
    for _ in range(event_queue.MAX_WAITING + 2):
        send(handler, connection, ["sync", {"rooms": {}}], answers)
    assert [answer["error"]["code"] for answer in answers] == ["rate_limited"] * 2
    spawned.run()
    assert sum("data" in answer for answer in answers) == event_queue.MAX_WAITING


def test_others_run_after_at_most_sixteen_events_of_a_connection(
    app: Flask, handler: GroupNamespace, spawned: Spawned, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ada,) = make_people(app, "ada")
    connection, answers, turns = connection_of(ada), Answers(), [0]
    monkeypatch.setattr(event_queue, "yield_to_others", lambda: turns.append(len(answers)))
    for _ in range(40):
        send(handler, connection, ["sync", {"rooms": {}}], answers)
    spawned.run()
    assert len(answers) == 40 and len(turns) >= 3
    assert all(later - earlier <= 16 for earlier, later in pairwise([*turns, 40]))


def test_waiting_events_are_limited_by_size(
    app: Flask, handler: GroupNamespace, spawned: Spawned
) -> None:
    (ada,) = make_people(app, "ada")
    connection, answers = connection_of(ada), Answers()
    event = ["sync", {"rooms": {}, "x": "x" * (app.config["MAX_BODY_BYTES"] - 100)}]
    most = event_queue.MAX_WAITING_SIZE // len(json.dumps(event))
    for _ in range(most + 6):
        send(handler, connection, event, answers)
    assert len(connection.waiting) == most
    assert [answer["error"]["code"] for answer in answers] == ["rate_limited"] * 6
    spawned.run()
    assert len(answers) == most + 6
    assert connection.waiting_size == 0
    send(handler, connection, ["sync", {"rooms": {}}], answers)
    spawned.run()
    assert "data" in answers[-1]


@pytest.mark.parametrize("character", ["x", "\u8bed", "\U0001f600"], ids=ascii)
def test_as_many_of_the_longest_messages_may_wait_as_may_be_unanswered(
    app: Flask, handler: GroupNamespace, spawned: Spawned, character: str
) -> None:
    (ada,) = make_people(app, "ada")
    room = ada.create_group()
    connection, answers = connection_of(ada), Answers()
    for number in range(event_queue.MAX_UNANSWERED):
        body = {"room_id": room["id"], "client_id": f"{number:064}", "data": character * 4_000}
        send(handler, connection, ["send_message", body], answers)
    assert answers == []
    assert len(connection.waiting) == event_queue.MAX_UNANSWERED
    spawned.run()  # or the end of the app would wait for them


def test_a_long_event_waits_as_text(app: Flask, handler: GroupNamespace, spawned: Spawned) -> None:
    (ada,) = make_people(app, "ada")
    connection, answers = connection_of(ada), Answers()
    send(handler, connection, ["sync", {"rooms": {}, "x": [[]] * 10_000}], answers)
    send(handler, connection, ["sync", {"rooms": {}}], answers)
    assert [type(data) for data, *_ in connection.waiting] == [str, list]
    spawned.run()
    assert list(answers[0]["error"]["fields"]) == ["x"]
    assert answers[1]["data"]["joined"] == []


def test_an_unparsable_waiting_event_is_answered_and_the_next_one_handled(
    app: Flask, handler: GroupNamespace, spawned: Spawned
) -> None:
    (ada,) = make_people(app, "ada")
    connection, answers = connection_of(ada), Answers()
    # An object that was too deep for its first reader, from its first bracket on.
    handler.receive(connection, [None], "[" * 500 + "]" * 500 + "}", answers.append)
    send(handler, connection, ["sync", {"rooms": {}}], answers)
    spawned.run()
    assert answers[0]["error"]["code"] == "validation_error"
    assert answers[1]["data"]["joined"] == []
    assert not connection.handling


def test_sockets_of_one_session_take_turns_with_those_of_others(
    app: Flask, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = make_people(app, "ada", "bob")
    sessions: list[str] = []

    def put(self: ConnectQueue[Any], session_id: str, *_: object) -> bool:
        sessions.append(session_id)
        return True

    monkeypatch.setattr(ConnectQueue, "put", put)
    server = services.socketio.server
    for number, person in enumerate([ada, ada, bob]):
        eio_sid = f"socket {number}"
        monkeypatch.setitem(server.eio.sockets, eio_sid, FakeSession())
        auth = json.dumps({"token": person.token})
        server.eio.handlers["message"](eio_sid, f"0/group,{auth}")
    assert sessions[0] == sessions[1] != sessions[2]


class FakeSession:
    """Replaces an open Engine.IO session."""

    closing = False

    def connect_requested(self) -> None: ...

    def on_joined(self) -> None: ...

    def on_unjoined(self) -> None: ...


def test_waiting_for_a_turn_and_for_a_heavy_slot_share_one_deadline(
    make_app: Callable[..., Flask], spawned: Spawned, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(RATE_LIMITS=True)
    services: Services = app.extensions["chat"]
    (ada,) = make_people(app, "ada")
    handler, connection, answers = GroupNamespace(app, services), connection_of(ada), Answers()
    monkeypatch.setattr(acks, "ANSWER_WITHIN", acks.WORK_SECONDS + 0.2)
    account = services.budgets.of_user(ada.id)
    began = time.monotonic()
    with account.heavy:  # as if another read were going on
        send(handler, connection, ["sync", {"rooms": {}}], answers)
        spawned.run()
    for _ in range(USER.turns):
        account.take_turn()
    send(handler, connection, ["typing", {"room_id": "0" * 24}], answers)
    spawned.run()
    assert time.monotonic() - began < WAIT_SECONDS
    assert [answer["error"]["code"] for answer in answers] == ["rate_limited"] * 2
