"""Two processes whose clocks are minutes apart: no promise depends on their agreeing."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest
import requests
from flask import Flask

from chat.database.client import Database
from harness.accounts import bearer, new_password
from harness.people import app_beside, make_people
from harness.servers import PATIENCE, Server
from tests.conftest import drop, with_database
from tests.sockets.conftest import Member
from tests.wire import WireClient

MINUTES = [-5, 5]


class WrongServer(Server):
    """A server whose clock is ahead by INJURY_CLOCK seconds."""

    program = "tests/guarantees/injured_server.py"


class Pair:
    """A person on a server whose clock is right, and one on a server whose clock is not."""

    def __init__(self, servers: tuple[Server, Server], members: tuple[Member, Member]) -> None:
        self.right, self.wrong = members
        self.right_server, self.wrong_server = servers


class Town(NamedTuple):
    """The two servers, which are on one database and one key, and an app beside them."""

    right: Server
    wrong: Server
    app: Flask


@pytest.fixture(scope="module", params=MINUTES, ids="{:+} minutes".format)
def town(
    request: pytest.FixtureRequest, mongo_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """The servers of all tests here, with rate limits."""
    name = f"test_{secrets.token_hex(8)}"
    uri, key = with_database(mongo_uri, name), secrets.token_hex(32)
    settings = {"MONGO_URI": uri, "SECRET_KEY": key, "RATE_LIMITS": "on"}
    folder = tmp_path_factory.mktemp("town")
    with (
        Server(folder / "right", **settings) as right,
        WrongServer(folder / "wrong", INJURY_CLOCK=request.param * 60, **settings) as wrong,
        app_beside(folder, uri, SECRET_KEY=key, RATE_LIMITS=False) as app,
    ):
        yield Town(right, wrong, app)
    drop(Database(mongo_uri), name)


@pytest.fixture
def pair(town: Town) -> Iterator[Pair]:
    """Two people of a test's own."""
    with ExitStack() as stack:
        ada, bob = make_people(town.app, "ada", "bob")
        members = (Member(ada, town.right, stack), Member(bob, town.wrong, stack))
        yield Pair((town.right, town.wrong), members)


def eventually(found: Callable[[], object], expected: object) -> None:
    """Wait until something is as expected."""
    deadline = time.monotonic() + PATIENCE
    while (last := found()) != expected:
        assert time.monotonic() < deadline, (last, expected)
        time.sleep(0.05)


def log_in(server: Server, member: Member) -> dict[str, str]:
    """Log in over HTTP and return the tokens."""
    body = {"username": member.username, "password": member.password}
    response = requests.post(f"{server.url}/api/session", json=body, timeout=60)
    assert response.ok, response.text
    tokens: dict[str, str] = response.json()["data"]
    return tokens


def call(server: Server, method: str, path: str, token: str) -> requests.Response:
    return requests.request(method, f"{server.url}/api{path}", headers=bearer(token), timeout=60)


def ends_at(tokens: dict[str, str]) -> int:
    """Return when an access token ends, in seconds since 1970, by the clock of its issuer."""
    payload = tokens["access_token"].split(".")[1]
    ends: int = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]
    return ends


def test_the_other_clock_really_is_wrong(pair: Pair) -> None:
    ends = [
        ends_at(log_in(server, pair.right)) for server in (pair.right_server, pair.wrong_server)
    ]
    assert abs(ends[0] - ends[1]) > 4 * 60


def test_rooms_are_listed_by_what_happened_last_whoever_took_it(pair: Pair) -> None:
    members = (pair.right, pair.wrong)
    groups = [member.create_group(members[not number]) for number, member in enumerate(members)]
    listed = [[group["id"] for group in reversed(groups)]]
    for number in range(4):
        members[number % 2].post(groups[number // 2], f"message {number}")
        listed.append([groups[number // 2]["id"], groups[not number // 2]["id"]])
        # Its own process knows of it at once, the other one when its end has been written.
        for member in (members[number % 2], members[not number % 2]):
            eventually(lambda: [room["id"] for room in member.data("GET", "/rooms")], listed[-1])
    joined = pair.wrong.socket("/group").call("/group", "sync", {"rooms": {}})["data"]["joined"]
    newest = sorted(joined, key=lambda room: -room["last_message"]["created_at"])
    assert [room["id"] for room in newest] == listed[-1]


def test_wrong_passwords_are_counted_by_both_and_wait_no_longer_than_a_window(
    pair: Pair,
) -> None:
    servers = (pair.right_server, pair.wrong_server)
    body = {"username": pair.right.username, "password": new_password()}
    waits: list[int] = []
    wrong = 0
    for number in range(60):  # a machine that is busy may answer some as unavailable
        response = requests.post(f"{servers[number % 2].url}/api/session", json=body, timeout=60)
        assert response.status_code in (401, 429, 503), response.text
        wrong += response.status_code == 401
        if response.status_code == 429:
            waits.append(response.json()["error"]["retry_after"])
        if len(waits) == 2:  # by both
            break
    assert wrong <= 5 and len(waits) == 2
    assert all(100 <= wait <= 300 for wait in waits), waits


def test_rooms_renamed_and_left_are_told_whatever_the_clocks_say(pair: Pair) -> None:
    group = pair.right.create_group(pair.wrong)
    pair.right.data("PATCH", f"/rooms/{group['id']}/members/{pair.wrong.id}", {"role": "admin"})
    clients = [pair.right.socket("/group"), pair.wrong.socket("/group")]
    for name in ("First", "Second"):
        for member in (pair.right, pair.wrong):
            member.data("PATCH", f"/rooms/{group['id']}", {"name": f"{name} {member.username}"})
            for client in clients:
                client.pushed("room_updated", name=f"{name} {member.username}")
    pair.right.data("DELETE", f"/rooms/{group['id']}/members/{pair.wrong.id}")
    clients[1].pushed("member_left", user_id=pair.wrong.id)


def test_a_token_of_one_process_is_good_at_the_other(pair: Pair) -> None:
    servers = (pair.right_server, pair.wrong_server)
    for issuer, other in (servers, servers[::-1]):
        tokens = log_in(issuer, pair.right)
        assert call(other, "GET", "/users/me", tokens["access_token"]).status_code == 200
        refreshed = call(other, "POST", "/session/refresh", tokens["refresh_token"])
        assert refreshed.status_code == 200, refreshed.text
        # Asked for again, as by a second tab, it is good for a while longer, at both.
        for server in servers:
            again = call(server, "POST", "/session/refresh", tokens["refresh_token"])
            assert again.status_code == 200, again.text
        access_token = refreshed.json()["data"]["access_token"]
        assert call(issuer, "GET", "/users/me", access_token).status_code == 200


def test_a_session_that_ends_at_one_process_ends_at_the_other(pair: Pair) -> None:
    servers = (pair.right_server, pair.wrong_server)
    for here, there in (servers, servers[::-1]):
        tokens = log_in(here, pair.right)
        with WireClient(here.url) as client:
            assert "sid" in client.connect("/group", tokens["access_token"])
            assert call(there, "DELETE", "/session", tokens["access_token"]).status_code == 204
            client.pushed("session_expired")
        assert call(here, "GET", "/users/me", tokens["access_token"]).status_code == 401
