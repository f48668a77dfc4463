"""Whose turns and whose time a request takes, and how long it waits for them."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from chat.budgets import ARRIVED, HEAVY_AT_ONCE, NETWORK, TURN, USER, WAIT_SECONDS, Budgets
from tests.accounts import data_of, error_of
from tests.people import Person, make_people

HERE = "127.0.0.1"
SOON = 0.2  # seconds; a request that waited so long elsewhere waits no longer here


@pytest.fixture
def counting(make_app: Callable[..., Flask]) -> Flask:
    return make_app(RATE_LIMITS=True)


@pytest.fixture
def budgets(counting: Flask) -> Budgets:
    found: Budgets = counting.extensions["chat"].budgets
    return found


def late() -> dict[str, float]:
    """What the listener says of a request that has waited nearly as long as it may."""
    return {ARRIVED: time.monotonic() - WAIT_SECONDS + SOON}


def take_all(budgets: Budgets, person: Person) -> None:
    for _ in range(USER.turns):
        budgets.of_user(person.id).take_turn()


def end_session(app: Flask, person: Person) -> None:
    app.extensions["chat"].sessions.end_all(person.id)


def disable(app: Flask, person: Person) -> None:
    app.extensions["chat"].administration.disable_user(person.username)


def end_account(app: Flask, person: Person) -> None:
    app.extensions["chat"].users.end(person.model)


@pytest.mark.parametrize("end", [end_session, disable, end_account])
def test_the_token_of_an_ended_session_takes_nothing_of_its_user(
    counting: Flask, budgets: Budgets, end: Callable[[Flask, Person], None]
) -> None:
    (ada,) = make_people(counting, "ada")
    data_of(ada.get("/users/me"))
    take_all(budgets, ada)
    error_of(ada.get("/users/me", environ_overrides=late()), 429)
    end(counting, ada)
    error_of(ada.get("/users/me", environ_overrides=late()), 401)


def test_a_session_that_ended_in_another_process_takes_one_more_turn_at_most(
    make_app: Callable[..., Flask], counting: Flask, budgets: Budgets
) -> None:
    (ada,) = make_people(counting, "ada")
    data_of(ada.get("/users/me"))
    end_session(make_app(SECRET_KEY=counting.config["SECRET_KEY"]), ada)
    error_of(ada.get("/users/me"), 401)
    take_all(budgets, ada)
    error_of(ada.get("/users/me", environ_overrides=late()), 401)


def test_a_session_that_nobody_has_asked_for_yet_is_the_networks(
    make_app: Callable[..., Flask], counting: Flask
) -> None:
    (ada,) = make_people(counting, "ada")
    ada.client = make_app(RATE_LIMITS=True, SECRET_KEY=counting.config["SECRET_KEY"]).test_client()
    budgets: Budgets = ada.client.application.extensions["chat"].budgets
    take_all(budgets, ada)
    data_of(ada.get("/users/me", environ_overrides=late()))
    error_of(ada.get("/users/me", environ_overrides=late()), 429)


def test_strangers_wait_for_a_turn_of_their_network(counting: Flask, budgets: Budgets) -> None:
    (ada,) = make_people(counting, "ada")
    for _ in range(NETWORK.turns):
        budgets.of_network(HERE).take_turn()
    client = counting.test_client()
    error_of(client.get("/api/users/me", environ_overrides=late()), 429)
    data_of(ada.get("/users/me", environ_overrides=late()))


def test_waiting_for_a_turn_and_for_a_place_has_one_deadline(
    counting: Flask, budgets: Budgets
) -> None:
    (ada,) = make_people(counting, "ada")
    done, inside = threading.Event(), threading.Semaphore(0)

    def read(number: int) -> None:
        with budgets.heavy(budgets.of_user(str(number))):
            inside.release()
            done.wait()

    threads = [threading.Thread(target=read, args=(number,)) for number in range(HEAVY_AT_ONCE)]
    for thread in threads:
        thread.start()
        inside.acquire()
    try:
        began = time.monotonic()
        error_of(ada.get("/rooms", environ_overrides=late()), 429)
        assert time.monotonic() - began < WAIT_SECONDS - SOON
    finally:
        done.set()
        for thread in threads:
            thread.join()
    data_of(ada.get("/rooms"))


def test_all_that_is_long_has_a_place_of_the_few(counting: Flask, budgets: Budgets) -> None:
    (ada,) = make_people(counting, "ada")
    group = ada.create_group()
    paths = [
        *("/rooms", f"/rooms/{group['id']}/members", f"/rooms/{group['id']}/invitations"),
        *("/users?q=a", "/users/me/blocks", "/users/me/invitations", "/session"),
    ]
    for path in paths:
        data_of(ada.get(path))
    with budgets.of_user(ada.id).heavy:
        for path in paths:
            error_of(ada.get(path, environ_overrides=late()), 429)


class Body(io.BytesIO):
    """A body whose reading calls `read_begins`."""

    def __init__(self, content: bytes, read_begins: Callable[[], None]) -> None:
        super().__init__(content)
        self._read_begins = read_begins

    def readinto(self, buffer: Any) -> int:
        self._read_begins()
        return super().readinto(buffer)


def test_whoever_sends_a_body_slowly_keeps_no_place(counting: Flask, budgets: Budgets) -> None:
    (ada,) = make_people(counting, "ada")
    held: list[bool] = []
    content = b'{"nickname": "Ada"}'
    body = Body(content, lambda: held.append(budgets.of_user(ada.id).heavy.locked()))
    response = ada.patch(
        "/users/me",
        input_stream=body,
        content_type="application/json",
        content_length=len(content),
    )
    assert data_of(response)["nickname"] == "Ada"
    assert set(held) == {False}


def test_whoever_called_last_on_a_connection_of_theirs_pays_for_what_follows(
    counting: Flask, budgets: Budgets, monkeypatch: pytest.MonkeyPatch
) -> None:
    paying: list[object] = []
    monkeypatch.setattr("chat.turns.charge_to", paying.append)
    (ada,) = make_people(counting, "ada")
    data_of(ada.get("/users/me", environ_overrides={TURN: lambda: None}))
    assert paying == [budgets.of_user(ada.id)]  # for writing the answer and the next head
    data_of(ada.get("/users/me"))  # over a connection of a proxy, which has those of others too
    assert paying[1:] == [budgets.of_user(ada.id), None]
