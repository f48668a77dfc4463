"""Two processes whose clocks are minutes apart: no promise depends on their agreeing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from chat.database.client import Database
from tests.accounts import bearer
from tests.conftest import drop, with_database
from tests.people import app_beside, make_people
from tests.servers import Server
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


@pytest.fixture(params=MINUTES, ids="{:+} minutes".format)
def pair(request: pytest.FixtureRequest, mongo_uri: str, tmp_path: Path) -> Iterator[Pair]:
    """Both servers are on one database and one key."""
    name = f"test_{secrets.token_hex(8)}"
    uri, key = with_database(mongo_uri, name), secrets.token_hex(32)
    settings = {"MONGO_URI": uri, "SECRET_KEY": key, "RATE_LIMITS": "off"}
    with (
        Server(tmp_path / "right", **settings) as right,
        WrongServer(tmp_path / "wrong", INJURY_CLOCK=request.param * 60, **settings) as wrong,
        app_beside(tmp_path, uri, SECRET_KEY=key, RATE_LIMITS=False) as app,
        ExitStack() as stack,
    ):
        ada, bob = make_people(app, "ada", "bob")
        yield Pair((right, wrong), (Member(ada, right, stack), Member(bob, wrong, stack)))
    drop(Database(mongo_uri), name)


def log_in(server: Server, member: Member) -> dict[str, str]:
    """Log in over HTTP and return the tokens."""
    body = {"username": member.username, "password": member.password}
    response = requests.post(f"{server.url}/api/session", json=body, timeout=60)
    assert response.ok, response.text
    tokens: dict[str, str] = response.json()["data"]
    return tokens


def call(server: Server, method: str, path: str, token: str) -> requests.Response:
    return requests.request(method, f"{server.url}/api{path}", headers=bearer(token), timeout=60)


def test_the_other_clock_really_is_wrong(pair: Pair) -> None:
    group = pair.right.create_group(pair.wrong)
    one, other = pair.right.post(group, "now"), pair.wrong.post(group, "then")
    assert abs(other["created_at"] - one["created_at"]) > 4 * 60 * 1000


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
