"""Which caller's turns and time a request uses, and how long it waits for them."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from chat.budgets import (
    ACTIVE_SECONDS,
    HEAVY_AT_ONCE,
    NETWORK,
    USER,
    WAIT_SECONDS,
    Account,
    Budgets,
)
from chat.middleware import cross_origin, host_check, request_turns
from chat.middleware.deadline import ARRIVED
from chat.middleware.request_turns import payer_of
from harness.accounts import data_of, error_of
from harness.people import Person, make_people

HERE = "127.0.0.1"
OTHER = "https://other.example"
SOCKETS = "/socket.io/?EIO=4&transport=polling"
SOON = 0.2  # seconds; an earlier wait counts towards the time limit here


@pytest.fixture
def counting(make_app: Callable[..., Flask]) -> Flask:
    return make_app(RATE_LIMITS=True)


@pytest.fixture
def budgets(counting: Flask) -> Budgets:
    found: Budgets = counting.extensions["chat"].budgets
    return found


def late() -> dict[str, float]:
    """What says of a request that it has waited nearly as long as it may."""
    return {ARRIVED: time.monotonic() - WAIT_SECONDS + SOON}


def take_all(budgets: Budgets, person: Person) -> None:
    for _ in range(USER.turns):
        budgets.of_user(person.id).take_turn()


def end_session(app: Flask, person: Person) -> None:
    app.extensions["chat"].sessions.end_all(person.id)


def disable(app: Flask, person: Person) -> None:
    app.extensions["chat"].account_administration.disable_user(person.username)


def end_account(app: Flask, person: Person) -> None:
    app.extensions["chat"].account_deletion.end(person.model)


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


def test_an_unauthenticated_session_is_charged_to_its_network(
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

    def read(self, size: int | None = -1) -> bytes:
        self._read_begins()
        return super().read(size)


def sees_all_free(account: Account, most: int, seen: list[bool]) -> Callable[[], None]:
    """Return what notes that an account has all its turns, and its place, free."""

    def look() -> None:
        turns = [account.take_turn(wait=SOON) for _ in range(most)]
        seen.append(not account.heavy.locked())
        for give_back in turns:
            give_back()

    return look


def test_a_slow_body_holds_neither_a_turn_nor_a_place(counting: Flask, budgets: Budgets) -> None:
    (ada,) = make_people(counting, "ada")
    data_of(ada.get("/users/me"))
    seen: list[bool] = []
    content = b'{"nickname": "Ada"}'
    body = Body(content, sees_all_free(budgets.of_user(ada.id), USER.turns, seen))
    sent: dict[str, Any] = {"content_type": "application/json", "content_length": len(content)}
    assert data_of(ada.patch("/users/me", input_stream=body, **sent))["nickname"] == "Ada"
    body = Body(content, sees_all_free(budgets.of_network(HERE), NETWORK.turns, seen))
    error_of(counting.test_client().post("/api/session", input_stream=body, **sent), 400)
    assert seen and all(seen)


def test_a_refused_turn_has_a_retry_time(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(RATE_LIMITS=True, CORS_ORIGINS=OTHER)
    account = app.extensions["chat"].budgets.of_network(HERE)
    for _ in range(NETWORK.turns):
        account.take_turn()
    answer = app.test_client().get(
        "/api/users/me", headers={"Origin": OTHER}, environ_overrides=late()
    )
    error = error_of(answer, 429)
    assert error["code"] == "rate_limited"
    assert answer.headers["Retry-After"] == str(error["retry_after"])
    assert answer.headers["Access-Control-Allow-Origin"] == OTHER


@pytest.mark.parametrize(
    ("headers", "method", "status"),
    [
        ({"Host": "other.example"}, "GET", 421),
        ({"Origin": "https://unknown.example"}, "POST", 403),
        ({"Origin": OTHER, "Access-Control-Request-Method": "POST"}, "OPTIONS", 204),
        ({}, "GET", 429),
    ],
    ids=["another host", "a foreign page", "a preflight", "no turn left"],
)
def test_a_caller_answered_without_a_turn_repays_the_time_used(
    make_app: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    method: str,
    status: int,
) -> None:
    repaid: list[None] = []
    for module in (host_check, cross_origin, request_turns):
        monkeypatch.setattr(module, "repay", lambda: repaid.append(None))
    app = make_app(RATE_LIMITS=True, CORS_ORIGINS=OTHER)
    account = app.extensions["chat"].budgets.of_network(HERE)
    for _ in range(NETWORK.turns):
        account.take_turn()
    answer = app.test_client().open(
        "/api/session", method=method, headers=headers, environ_overrides=late()
    )
    assert answer.status_code == status
    assert len(repaid) == 1


@pytest.fixture
def behind_a_proxy(make_app: Callable[..., Flask]) -> Flask:
    return make_app(RATE_LIMITS=True, TRUSTED_PROXIES=1, HOSTS="localhost")


@pytest.mark.parametrize("path", ["/", "/api/users/me", "/nothing", SOCKETS])
def test_behind_a_proxy_whatever_is_asked_for_takes_a_turn_of_the_callers_network(
    behind_a_proxy: Flask, path: str
) -> None:
    budgets: Budgets = behind_a_proxy.extensions["chat"].budgets
    for _ in range(NETWORK.turns):
        budgets.of_network("192.0.2.1").take_turn()
    client = behind_a_proxy.test_client()

    def status_for(address: str) -> int:
        headers = {"X-Forwarded-For": address}
        return client.get(path, headers=headers, environ_overrides=late()).status_code

    assert status_for("192.0.2.1") == 429
    assert status_for("192.0.2.2") in (200, 401, 404)


def test_the_requests_of_an_open_session_of_sockets_take_no_turn(
    counting: Flask, budgets: Budgets
) -> None:
    client = counting.test_client()
    opened = json.loads(client.get(SOCKETS).text[1:])
    for _ in range(NETWORK.turns):
        budgets.of_network(HERE).take_turn()
    sid = opened["sid"]
    assert client.post(f"{SOCKETS}&sid={sid}", data="3").status_code == 200
    assert client.post(f"{SOCKETS}&%73id={sid}", data="3").status_code == 200
    assert (
        client.post(f"/socket.io/x?EIO=4&transport=polling&sid={sid}", data="3").status_code == 200
    )
    for path in (f"{SOCKETS}&sid=nobody", f"/?sid={sid}", f"/api/users/me?sid={sid}"):
        assert client.get(path, environ_overrides=late()).status_code == 429


def test_each_request_is_charged_to_its_own_caller(
    counting: Flask, budgets: Budgets, monkeypatch: pytest.MonkeyPatch
) -> None:
    paying: list[object] = []
    monkeypatch.setattr("chat.middleware.request_turns.charge_to", paying.append)
    (ada,) = make_people(counting, "ada")
    data_of(ada.get("/users/me"))
    client = counting.test_client()
    error_of(client.get("/api/users/me"), 401)
    client.get("/")
    network = budgets.of_network(HERE)
    assert paying[-3:] == [budgets.of_user(ada.id), network, network]


def test_authentication_does_not_count_the_network_as_another_caller(
    counting: Flask, budgets: Budgets
) -> None:
    (ada,) = make_people(counting, "ada")
    data_of(ada.get("/users/me"))
    budgets.clock, now = lambda: now, budgets.clock() + 2 * ACTIVE_SECONDS
    data_of(ada.get("/users/me"))
    assert budgets.is_alone(budgets.of_user(ada.id))


def test_who_pays_is_found_before_anybody_knows_the_user(budgets: Budgets) -> None:
    direct, proxied = payer_of(budgets, 0), payer_of(budgets, 1)
    assert direct("192.0.2.1", None) is direct("192.0.2.1", "192.0.2.9")
    assert direct("192.0.2.1", None) is budgets.of_network("192.0.2.1")
    heads = proxied("127.0.0.1", None)
    assert heads is not None and heads is not budgets.of_network("127.0.0.1")
    assert proxied("127.0.0.1", "192.0.2.8, 192.0.2.9") is budgets.of_network("192.0.2.9")
    assert proxied("127.0.0.1", "") is budgets.of_network("127.0.0.1")
