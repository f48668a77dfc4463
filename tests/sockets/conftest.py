"""People on a running server: each calls it over HTTP and over sockets of their own."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest
import requests
from flask import Flask

from harness.people import Person, app_beside, make_people
from harness.servers import PATIENCE, Server
from tests.wire import WireClient

_numbers = itertools.count(1)


class Member:
    """Someone with an account on a running server."""

    def __init__(self, person: Person, server: Server, stack: ExitStack) -> None:
        self.id = person.id
        self.username = person.username
        self.password = person.password
        self.token = person.token
        self.refresh_token = person.refresh_token
        self.headers = person.headers
        self.url = server.url
        self._person = person
        self._server = server
        self._stack = stack
        self._http = stack.enter_context(requests.Session())
        self._http.headers.update(person.headers | {"Accept-Language": "en"})

    def on(self, other: Member) -> Member:
        """Return the same person as one who calls another's server."""
        return Member(self._person, other._server, self._stack)

    def move_to(self, server: Server) -> None:
        """Call another server from now on."""
        self._server = server

    def http(
        self, method: str, path: str, json: Any = None, content: bytes | None = None
    ) -> requests.Response:
        """Call the server over HTTP, with JSON or with the bytes of a file."""
        return self._http.request(
            method, f"{self._server.url}/api{path}", json=json, data=content, timeout=PATIENCE
        )

    def data(self, method: str, path: str, json: Any = None, content: bytes | None = None) -> Any:
        """Call the server over HTTP and return the `data` of a good answer."""
        response = self.http(method, path, json, content)
        assert response.ok, response.text
        return response.json()["data"] if response.content else None

    def socket(self, *namespaces: str) -> WireClient:
        """Connect and enter the namespaces."""
        client = WireClient(self._server.url, {"Accept-Language": "en"})
        self._stack.callback(client.close)
        for namespace in namespaces:
            assert "sid" in client.connect(namespace, self.token)
        return client

    def create_group(self, *members: Member, name: str = "A group") -> dict[str, Any]:
        """Make a group that the others join."""
        group: dict[str, Any] = self.data("POST", "/rooms", {"name": name})
        for member in members:
            member.data("POST", "/rooms/join", {"number": group["number"]})
        return group

    def add(self, group: dict[str, Any], other: Member) -> None:
        """Add a person to a group by name; one who is asked accepts."""
        path = f"/rooms/{group['id']}/members"
        if "invited" in self.data("POST", path, {"username": other.username}):
            (request,) = [
                one
                for one in other.data("GET", "/users/me/invitations")
                if one["room"]["id"] == group["id"]
            ]
            other.data("POST", f"/users/me/invitations/{request['id']}")

    def direct_with(self, other: Member) -> dict[str, Any]:
        """Return the direct room shared with another person."""
        room: dict[str, Any] = self.data("POST", "/rooms/direct", {"username": other.username})
        return room

    def post(
        self, room: dict[str, Any], data: str, client_id: str | None = None, **more: object
    ) -> dict[str, Any]:
        """Post a message over HTTP; `more` is what else it says, such as `reply_to`."""
        body = message(room, data, client_id) | more
        del body["room_id"]
        found: dict[str, Any] = self.data("POST", f"/rooms/{room['id']}/messages", body)
        return found


Answer = TypeVar("Answer")
Pair = Callable[..., tuple[Member, ...]]


def message(room: dict[str, Any], data: str = "hello", client_id: str | None = None) -> Any:
    """Return the payload of a message to a room, under a new client_id by default."""
    return {
        "room_id": room["id"],
        "client_id": client_id or f"c{next(_numbers)}",
        "data": data,
    }


def unavailable(answer: dict[str, Any]) -> bool:
    """Tell whether an answer leaves the outcome open: the database was too slow for it."""
    return "error" in answer and answer["error"]["code"] == "unavailable"


def ask_while(is_open: Callable[[Answer], bool], ask: Callable[[], Answer]) -> Answer:
    """Ask until there is an answer that tells the outcome, as every client does."""
    deadline = time.monotonic() + 2 * PATIENCE
    while is_open(answer := ask()):
        assert time.monotonic() < deadline, answer
    return answer


def answered(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Send an event until its answer tells the outcome."""
    return ask_while(unavailable, ask)


@pytest.fixture(scope="session")
def beside(server: Server) -> Iterator[Flask]:
    """An app in this process on the running server's database, to make people with."""
    with app_beside(server.data_dir, server.mongo_uri, RATE_LIMITS=False) as app:
        yield app


@pytest.fixture
def people(server: Server, beside: Flask) -> Iterator[Callable[..., list[Member]]]:
    """A function that makes people on the running server."""
    with ExitStack() as stack:

        def make(*names: str) -> list[Member]:
            return [Member(person, server, stack) for person in make_people(beside, *names)]

        yield make


def key_of(server: Server) -> str:
    """Return the secret key that a running server made, for another that shall trust its tokens."""
    return (server.data_dir / "secret_key").read_text().strip()


@pytest.fixture(scope="session")
def elsewhere(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A second process on the database and the key of the first."""
    with Server(
        tmp_path_factory.mktemp("elsewhere"),
        MONGO_URI=server.mongo_uri,
        SECRET_KEY=key_of(server),
        RATE_LIMITS="off",
    ) as second:
        yield second


@pytest.fixture
def spread(server: Server, elsewhere: Server, beside: Flask) -> Iterator[Pair]:
    """A function that makes people who call the first server and the second by turns."""
    with ExitStack() as stack:

        def make(*names: str) -> tuple[Member, ...]:
            return tuple(
                Member(person, (server, elsewhere)[number % 2], stack)
                for number, person in enumerate(make_people(beside, *names))
            )

        yield make
