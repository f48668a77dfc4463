"""The time of an answer does not show whether an account exists."""

from __future__ import annotations

import random
import secrets
import statistics
import time
from collections.abc import Callable, Iterator

import pytest
import requests
from flask import Flask

from chat.database.client import Database
from harness.accounts import new_email, new_name, new_password
from harness.people import app_beside
from harness.servers import Server
from tests.conftest import drop, with_database
from tests.figures import Figures
from tests.mailbox import Mailbox

TRIES = 100  # of each
MOST = 0.10  # by which the medians may differ
ROUNDS = 3  # other work on this machine may spoil one


@pytest.fixture(scope="module")
def mailing_server(
    mongo_uri: str, mailbox: Mailbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A running server without rate limits, whose mail arrives."""
    name = f"test_{secrets.token_hex(8)}"
    settings = mailbox.settings | {"MAIL_USE_SSL": "off", "MAIL_USE_TLS": "off"}
    server = Server(
        tmp_path_factory.mktemp("times"),
        **settings | {"MONGO_URI": with_database(mongo_uri, name), "RATE_LIMITS": "off"},
    )
    with server:
        yield server
    drop(Database(mongo_uri), name)


@pytest.fixture
def known(mailing_server: Server) -> str:
    """The address of somebody who has an account."""
    email = new_email()
    with app_beside(mailing_server.data_dir, mailing_server.mongo_uri, RATE_LIMITS=False) as app:
        _register(app, email)
    return email


def _register(app: Flask, email: str) -> None:
    services = app.extensions["chat"]
    (user,) = services.accounts.create_many([new_name()], new_password())
    key = {"email": email, "email_key": email.lower()}
    services.database.db["user"].update_one({"username": user.username}, {"$set": key})


class Caller:
    """Calls one server over one connection."""

    def __init__(self, url: str, http: requests.Session) -> None:
        self._url, self._http = url, http

    def __call__(self, method: str, path: str, **body: str) -> requests.Response:
        return self._http.request(method, f"{self._url}/api{path}", json=body, timeout=60)


Ask = Callable[[Caller, str], requests.Response]


def ask_code(purpose: str) -> Ask:
    return lambda call, email: call("POST", "/users/code", email=email, purpose=purpose)


def log_in(call: Caller, email: str) -> requests.Response:
    return call("POST", "/session", username=email, password=new_password())


def reset(call: Caller, email: str) -> requests.Response:
    return call("PUT", "/users/password", email=email, code="wrong", password=new_password())


def register(call: Caller, email: str) -> requests.Response:
    person = {"username": new_name(), "password": new_password()}
    return call("POST", "/users", email=email, code="wrong", **person)


def compare(call: Caller, ask: Ask, known: str) -> float:
    """Return by how much the medians differ; the answers must be the same."""
    took: dict[bool, list[float]] = {True: [], False: []}
    answers = set()
    order = [True, False] * TRIES
    random.shuffle(order)
    for is_known in order:
        email = known if is_known else new_email()
        before = time.perf_counter()
        response = ask(call, email)
        took[is_known].append(time.perf_counter() - before)
        answers.add((response.status_code, response.content))
    assert len(answers) == 1, answers
    medians = [statistics.median(took[is_known]) for is_known in (True, False)]
    return abs(medians[0] - medians[1]) / max(medians)


@pytest.mark.torture
@pytest.mark.parametrize(
    ("what", "ask"),
    [
        ("a code to register", ask_code("register")),
        ("a code to reset", ask_code("reset")),
        ("a wrong log-in", log_in),
        ("a wrong code to reset", reset),
        ("a wrong code to register", register),
    ],
)
def test_known_and_unknown_addresses_take_the_same_time(
    mailing_server: Server, known: str, figures: Figures, what: str, ask: Ask
) -> None:
    with requests.Session() as http:
        call = Caller(mailing_server.url, http)
        ask(call, known)
        found = [compare(call, ask, known)]
        while found[-1] > MOST and len(found) < ROUNDS:
            found.append(compare(call, ask, known))
    figures.add(f"time of {what}", tries=2 * TRIES * len(found), differs=f"{found[-1]:.0%}")
    assert found[-1] <= MOST, found
