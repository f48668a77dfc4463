"""Clients that connect at the same moment: what is read for all of them, and who is let in."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from pymongo import MongoClient, monitoring

from chat.concurrency import Payer, SharedPayer
from chat.realtime import connect_queue
from chat.realtime.channels import room_channel, user_channel
from chat.realtime.server import ConnectRequest
from chat.realtime.transport.frames import payload_of
from chat.repositories.memberships import MembershipRepository
from chat.wiring import Services
from harness.people import Person, make_people

NAMESPACE = "/group"
MANY = 30


class Finds(monitoring.CommandListener):
    """Keeps the collections that are read."""

    def __init__(self) -> None:
        self.collections: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name == "find":
            self.collections.append(event.command["find"])

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Say nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Say nothing."""


class Door:
    """The namespace of groups of an app, at which people connect together."""

    def __init__(self, app: Flask) -> None:
        self.services: Services = app.extensions["chat"]
        self._handler: Any = self.services.socketio.server.namespace_handlers[NAMESPACE]

    def let_in(self, *people: Person) -> list[ConnectRequest]:
        """Look up the people in one batch; return their requests."""
        requests = [
            ConnectRequest(
                handler=self._handler,
                sid=f"sid of {one.id}",
                eio_sid=f"transport of {one.id}",
                namespace=NAMESPACE,
                environ={},
                claims=self._handler.verify({}, {"token": one.token}),
            )
            for one in people
        ]
        self._handler.authorize(requests)
        return requests

    def channels_of(self, person: Person) -> set[str] | None:
        """Return the channels that a person's pending connection will enter, or None."""
        connection = self.services.connections.find_by_sid(f"sid of {person.id}")
        return None if connection is None else connection.channels


class FakeSession:
    """Replaces an open Engine.IO session."""

    closing = False
    payer: object = None

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def push(self, frame: bytes) -> None:
        self.sent.append(frame)

    def connect_requested(self) -> None: ...

    def on_joined(self) -> None: ...

    def on_unjoined(self) -> None: ...


def code_of(request: ConnectRequest) -> str | None:
    return None if request.refusal is None else str(request.refusal["error"]["code"])


def test_many_who_connect_together_cost_as_many_queries_as_one(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    finds = Finds()
    heard = partial(MongoClient, event_listeners=[finds])
    monkeypatch.setattr("chat.database.client.MongoClient", heard)
    app = make_app()
    door, people = Door(app), make_people(app, *(f"person{number}" for number in range(MANY)))
    groups = [one.create_group() for one in people]
    door.services.membership_cache.forget_all()
    finds.collections.clear()
    door.let_in(*people)
    assert sorted(finds.collections) == ["room", "session", "user", "user_room"]
    for one, group in zip(people, groups, strict=True):
        assert door.channels_of(one) == {room_channel(group["id"]), user_channel(one.id)}


def test_in_a_batch_everybody_is_let_in_or_refused_for_themselves(app: Flask) -> None:
    ada, bob, cyd, dan = make_people(app, "ada", "bob", "cyd", "dan")
    door = Door(app)
    group = ada.create_group(bob, cyd, dan)
    door.services.sessions.end_all(bob.id)
    door.services.account_administration.disable_user(cyd.username)
    door.services.member_removal.remove_member(ada.model, group["id"], dan.id)
    requests = door.let_in(ada, bob, cyd, dan)
    assert list(map(code_of, requests)) == [None, "unauthorized", "unauthorized", None]
    assert door.channels_of(ada) == {room_channel(group["id"]), user_channel(ada.id)}
    assert door.channels_of(bob) is door.channels_of(cyd) is None
    assert door.channels_of(dan) == {user_channel(dan.id)}


def test_a_removal_while_the_rooms_of_a_batch_are_read_is_recorded(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = make_people(app, "ada", "bob")
    door = Door(app)
    group = ada.create_group(bob)
    read = MembershipRepository.list_of_users

    def read_and_remove(*arguments: Any) -> Any:
        found = read(*arguments)
        monkeypatch.undo()
        door.services.member_removal.remove_member(ada.model, group["id"], bob.id)
        return found

    monkeypatch.setattr(MembershipRepository, "list_of_users", read_and_remove)
    door.let_in(bob)
    connection = door.services.connections.find_by_sid(f"sid of {bob.id}")
    assert connection is not None
    assert (room_channel(group["id"]), False) in connection.changes


def test_a_session_that_ends_while_a_batch_is_read_ends_its_connection(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = make_people(app, "ada", "bob")
    door = Door(app)
    read = MembershipRepository.list_of_users

    def read_and_end(*arguments: Any) -> Any:
        door.services.sessions.end_all(bob.id)
        return read(*arguments)

    monkeypatch.setattr(MembershipRepository, "list_of_users", read_and_end)
    door.let_in(ada, bob)
    found = {one.user.id: one.ended for one in door.services.connections.list_all()}
    assert found == {ada.id: False, bob.id: True}


def test_broken_data_of_one_user_refuse_nobody_else_of_the_batch(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = ada, bob, cyd = make_people(app, "ada", "bob", "cyd")
    ada.create_group(bob, cyd)
    services: Services = app.extensions["chat"]
    services.database.db["user_room"].update_one(
        {"user_identity": ObjectId(bob.id)}, {"$unset": {"created_at": ""}}
    )
    workers: list[Callable[[], None]] = []
    monkeypatch.setattr(connect_queue, "spawn", workers.append)
    server = services.socketio.server
    sessions = [FakeSession() for _ in people]
    for one, session in zip(people, sessions, strict=True):
        monkeypatch.setitem(server.eio.sockets, one.id, session)
        auth = json.dumps({"token": one.token})
        server.eio.handlers["message"](one.id, f"0{NAMESPACE},{auth}")
    (work,) = workers
    work()
    answers = [payload_of(session.sent[0])[:2] for session in sessions]
    assert answers == [b"40", b"44", b"40"]  # CONNECT and CONNECT_ERROR
    online = {found.user.id for found in services.connections.list_all()}
    assert online == {ada.id, cyd.id}
    assert services.connections.list_of_user(bob.id) == []


def test_what_a_batch_cost_is_divided_and_charged_to_the_sites_of_its_callers_too() -> None:
    work, site = SharedPayer(), Payer()
    ada, bob = Payer(site), Payer()
    work.charge(3.0)
    work.divide([(ada, 2), (bob, 1)])
    work.divide([(ada, 2), (bob, 1)])  # nothing was used since
    assert (ada.used, site.used, bob.used) == (2.0, 2.0, 1.0)
