"""What each user may do in a minute, and how the answer says that it is too much."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from chat.database.client import Database
from chat.realtime.connections import RETRY_AFTER
from harness.people import app_beside, make_people
from harness.servers import PATIENCE, Server
from tests.conftest import drop, with_database
from tests.sockets.conftest import Member, message

RATES = {
    "MESSAGES": 3,
    "JOINS": 2,
    "SEARCHES": 2,
    "MESSAGE_SEARCHES": 2,
    "ROOMS": 2,
    "CONNECTIONS": 4,
    "CHANGES": 7,
}
SOCKETS = 3  # of one user at once


@pytest.fixture(scope="module")
def strict(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that allows very little."""
    name = f"test_{secrets.token_hex(8)}"
    settings = {f"{what}_PER_MINUTE": str(amount) for what, amount in RATES.items()}
    server = Server(
        tmp_path_factory.mktemp("strict"),
        MONGO_URI=with_database(mongo_uri, name),
        CONNECTIONS_PER_USER=SOCKETS,
        **settings,
    )
    with server:
        yield server
    drop(Database(mongo_uri), name)


@pytest.fixture
def members(strict: Server) -> Iterator[list[Member]]:
    """Two people on that server."""
    with (
        app_beside(strict.data_dir, strict.mongo_uri, RATE_LIMITS=False) as app,
        ExitStack() as stack,
    ):
        yield [Member(person, strict, stack) for person in make_people(app, "ada", "bob")]


def is_refused(answer: dict[str, Any]) -> None:
    assert answer["error"]["code"] == "rate_limited"
    assert 1 <= answer["error"]["retry_after"] <= 60


def is_refused_over_http(response: requests.Response) -> None:
    is_refused(response.json())
    assert response.status_code == 429
    assert response.headers["Retry-After"] == str(response.json()["error"]["retry_after"])


def test_messages_are_counted_over_sockets_and_http_together(members: list[Member]) -> None:
    ada, bob = members
    group = ada.create_group(bob)
    socket = ada.socket("/group")
    for _ in range(RATES["MESSAGES"] - 1):
        assert "data" in socket.call("/group", "send_message", message(group))
    ada.post(group, "over HTTP")
    is_refused(socket.call("/group", "send_message", message(group)))
    body = {"client_id": "one-more", "data": "hello"}
    is_refused_over_http(ada.http("POST", f"/rooms/{group['id']}/messages", body))
    bob.post(group, "others talk on")


# What is done to a message: over a socket, and over HTTP.
DONE_TO_MESSAGES: dict[str, tuple[tuple[str, dict[str, Any]], tuple[str, str, Any]]] = {
    "edit": (("edit_message", {"data": "other"}), ("PATCH", "", {"data": "another"})),
    "react": (("react", {"emoji": "👍", "on": True}), ("PUT", "/reactions/👍", None)),
    "take back": (("react", {"emoji": "👍", "on": False}), ("DELETE", "/reactions/👍", None)),
    "pin": (("pin_message", {"on": True}), ("PUT", "/pin", None)),
    "take off": (("pin_message", {"on": False}), ("DELETE", "/pin", None)),
    "delete": (("delete_message", {}), ("DELETE", "", None)),
}


@pytest.mark.parametrize("what", DONE_TO_MESSAGES)
def test_what_is_done_to_messages_counts_as_messages_do(members: list[Member], what: str) -> None:
    ada, bob = members
    group = ada.create_group(bob)
    socket = ada.socket("/group")
    (event, more), (method, path, body) = DONE_TO_MESSAGES[what]
    ada.post(group, "hello")
    payload = {"room_id": group["id"], "seq": 1, **more}
    address = f"/rooms/{group['id']}/messages/1{path}"
    assert "data" in socket.call("/group", event, payload)
    ada.data(method, address, body)
    is_refused(socket.call("/group", event, payload))
    is_refused_over_http(ada.http(method, address, body))
    is_refused(socket.call("/group", "send_message", message(group)))
    bob.post(group, "others talk on")
    bob.data("PUT", f"/rooms/{group['id']}/messages/2/reactions/👍")


def test_bytes_of_messages_are_counted_over_sockets_and_http_and_after_a_restart(
    mongo_uri: str, tmp_path: Path
) -> None:
    name = f"test_{secrets.token_hex(8)}"
    large = "𝄞" * 4_000  # 16,000 bytes
    server = Server(
        tmp_path, MONGO_URI=with_database(mongo_uri, name), MESSAGE_BYTES_PER_DAY_USER=50_000
    )
    with ExitStack() as stack:
        stack.callback(drop, Database(mongo_uri), name)
        stack.enter_context(server)
        beside = app_beside(server.data_dir, server.mongo_uri, RATE_LIMITS=False)
        app = stack.enter_context(beside)
        ada, bob = (Member(person, server, stack) for person in make_people(app, "ada", "bob"))
        group = ada.create_group(bob)
        for _ in range(2):
            ada.post(group, large)
        socket = ada.socket("/group")
        assert "data" in socket.call("/group", "send_message", message(group, large))
        refused = socket.call("/group", "send_message", message(group, large))["error"]
        assert refused["code"] == "quota_exceeded" and refused["retry_after"] <= 86_401
        body = {"client_id": "one-more", "data": large}
        response = ada.http("POST", f"/rooms/{group['id']}/messages", body)
        assert response.status_code == 429
        assert response.json()["error"]["code"] == "quota_exceeded"
        assert int(response.headers["Retry-After"]) == response.json()["error"]["retry_after"]
        bob.post(group, large)
        ada.post(group, "a little")
        server.stop()
        server.start()
        response = ada.http("POST", f"/rooms/{group['id']}/messages", body)
        assert response.status_code == 201  # known anew by what it stores
        body["client_id"] = "and-one-more"
        deadline = time.monotonic() + PATIENCE
        while response.status_code == 201 and time.monotonic() < deadline:
            body["client_id"] += "."
            response = ada.http("POST", f"/rooms/{group['id']}/messages", body)
        assert response.json()["error"]["code"] == "quota_exceeded"
        assert bob.data("GET", f"/rooms/{group['id']}")["last_seq"] <= 9


def test_joining_by_numbers_is_counted_whether_they_exist_or_not(members: list[Member]) -> None:
    ada, _ = members
    socket = ada.socket("/group")
    for _ in range(RATES["JOINS"]):
        answer = socket.call("/group", "join_room", {"number": "000000000"})
        assert answer["error"]["code"] == "not_found"
    is_refused(socket.call("/group", "join_room", {"number": "000000000"}))
    is_refused_over_http(ada.http("POST", "/rooms/join", {"number": "000000000"}))


def test_guessing_invitations_is_counted_as_joining(members: list[Member]) -> None:
    ada, _ = members
    for n in range(RATES["JOINS"]):
        method = ("GET", "POST")[n % 2]
        assert ada.http(method, f"/invitations/guess-{n}").status_code == 404
    for method in ("GET", "POST"):
        is_refused_over_http(ada.http(method, "/invitations/one-more"))
    is_refused_over_http(ada.http("POST", "/rooms/join", {"number": "000000000"}))


def test_new_rooms_are_counted_and_those_there_are_not(members: list[Member]) -> None:
    ada, bob = members
    ada.create_group()
    room = ada.direct_with(bob)
    is_refused(ada.socket("/group").call("/group", "create_room", {"name": "One more"}))
    is_refused_over_http(ada.http("POST", "/rooms", {"name": "One more"}))
    assert ada.direct_with(bob)["id"] == room["id"]


def test_searches_are_counted(members: list[Member]) -> None:
    ada, bob = members
    for _ in range(RATES["SEARCHES"]):
        ada.data("GET", "/users?q=b")
    is_refused_over_http(ada.http("GET", "/users?q=b"))
    bob.data("GET", "/users?q=a")


def test_searches_for_messages_are_counted(members: list[Member]) -> None:
    ada, bob = members
    for _ in range(RATES["MESSAGE_SEARCHES"]):
        ada.data("GET", "/search?q=b")
    is_refused_over_http(ada.http("GET", "/search?q=b"))
    bob.data("GET", "/search?q=a")


def test_connections_are_counted_and_those_there_are_stay(members: list[Member]) -> None:
    ada, bob = members
    first = ada.socket("/direct", "/group")
    ada.socket("/direct", "/group")
    refused = ada.socket().connect("/group", ada.token)
    assert refused["message"] == "rate_limited"
    is_refused(refused["data"])
    assert "data" in first.call("/group", "sync", {"rooms": {}})
    bob.socket("/group")


def test_connections_are_counted_before_the_database_is_asked(members: list[Member]) -> None:
    ada, bob = members
    client = ada.socket()
    ada.data("DELETE", "/session")
    for _ in range(RATES["CONNECTIONS"]):
        assert client.connect("/group", ada.token)["message"] == "unauthorized"
        client.received.clear()
    is_refused(client.connect("/group", ada.token)["data"])
    bob.socket("/group")


def test_a_session_that_has_ended_does_not_keep_the_others_of_its_user_out(
    members: list[Member],
) -> None:
    ada, _ = members
    ended = ada.token
    ada.data("DELETE", "/session")
    login = {"username": ada.username, "password": ada.password}
    living = ada.data("POST", "/session", login)["access_token"]
    client = ada.socket()
    for _ in range(RATES["CONNECTIONS"] + 1):
        assert "message" in client.connect("/group", ended)
        client.received.clear()
    assert "sid" in client.connect("/group", living)


def test_one_user_is_counted_through_all_sessions(members: list[Member]) -> None:
    ada, _ = members
    login = {"username": ada.username, "password": ada.password}
    other = ada.data("POST", "/session", login)["access_token"]
    ada.socket("/direct", "/group")
    ada.socket("/direct", "/group")
    is_refused(ada.socket().connect("/group", other)["data"])


def test_sockets_that_are_open_are_limited(members: list[Member]) -> None:
    ada, bob = members
    first, *_ = [ada.socket("/group") for _ in range(SOCKETS)]
    refused = ada.socket().connect("/group", ada.token)["data"]
    is_refused(refused)
    assert refused["error"]["retry_after"] == RETRY_AFTER  # and not for their rate
    assert "data" in first.call("/group", "sync", {"rooms": {}})
    bob.socket("/group")


def test_changes_of_rooms_are_counted_whatever_they_change(members: list[Member]) -> None:
    ada, bob = members
    bob.create_group(ada)  # those who share a room are added without being asked
    room = f"/rooms/{ada.create_group()['id']}"
    changes = [
        ("POST", f"{room}/members", {"username": bob.username}),
        ("PATCH", f"{room}/members/{bob.id}", {"role": "admin"}),
        ("PATCH", room, {"name": "Another name"}),
        ("PUT", f"{room}/muted", {"muted": True}),
        ("PUT", f"{room}/notify", {"notify": "mentions"}),
        ("PUT", f"{room}/pinned", {"pinned": True}),
        ("DELETE", f"{room}/members/{bob.id}", None),
    ]
    assert len(changes) == RATES["CHANGES"]
    for change in changes:
        ada.data(*change)
    for change in changes:
        is_refused_over_http(ada.http(*change))
    bob.create_group()


def test_changes_of_a_profile_are_counted_as_those_of_rooms(members: list[Member]) -> None:
    ada, bob = members
    for number in range(RATES["CHANGES"]):
        ada.data("PATCH", "/users/me", {"nickname": f"Ada {number}"})
    is_refused_over_http(ada.http("PATCH", "/users/me", {"nickname": "One more"}))
    assert ada.data("GET", "/users/me")["nickname"] == f"Ada {RATES['CHANGES'] - 1}"
    bob.data("PATCH", "/users/me", {"nickname": "Bob"})
