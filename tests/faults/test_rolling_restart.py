"""Several servers behind nginx, set up as documented: who goes where, and a restart of each."""

from __future__ import annotations

import gc
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio
from socketio.exceptions import SocketIOError

from chat.database.client import Database
from harness.people import Person, app_beside, make_people
from harness.servers import PATIENCE, Server, free_port
from tests.conftest import drop, with_database
from tests.nginx import Nginx

GROUP = "/group"
# The client of Socket.IO leaves its socket open when a server goes away.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

PROCESSES = 3
ADDRESSES = [f"127.0.0.{number}" for number in range(2, 62)]  # of one /24
ANSWER_SECONDS = 6  # as client.md says
PAUSE = 0.05  # seconds between two tries


@pytest.fixture(scope="module")
def uri(mongo_uri: str) -> Iterator[str]:
    """A database that all processes share."""
    name = f"test_{secrets.token_hex(8)}"
    yield with_database(mongo_uri, name)
    drop(Database(mongo_uri), name)


@pytest.fixture(scope="module")
def key() -> str:
    """The key that all processes share."""
    return secrets.token_hex(32)


@pytest.fixture(scope="module")
def servers(uri: str, key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """Three processes on one database, as a proxy in front wants them."""
    settings = {"MONGO_URI": uri, "SECRET_KEY": key, "MAIL": "terminal"}
    settings |= {"TRUSTED_PROXIES": "1", "HOSTS": "127.0.0.1"}
    many = {"MESSAGES_PER_MINUTE": 1_000_000, "CONNECTIONS_PER_MINUTE": 1_000_000}
    with ExitStack() as stack:
        yield [
            stack.enter_context(Server(tmp_path_factory.mktemp("server"), **settings, **many))
            for _ in range(PROCESSES)
        ]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect the sockets that the client of Socket.IO leaves open when a server goes away."""
    yield
    gc.collect()


@pytest.fixture
def nginx(servers: list[Server], tmp_path: Path) -> Iterator[Nginx]:
    with Nginx(tmp_path / "nginx", servers) as running:
        yield running


@pytest.fixture
def people(
    servers: list[Server], uri: str, key: str, tmp_path: Path
) -> Iterator[tuple[list[Person], dict[str, Any]]]:
    """Four people and the group they are in."""
    with app_beside(tmp_path / "beside", uri, SECRET_KEY=key, RATE_LIMITS=False) as app:
        owner, *others = make_people(app, "owner", "poller", "socket", "poster")
        yield [owner, *others], owner.create_group(*others)


class Talker(ABC):
    """Somebody who sends one message after the other, each until it is stored."""

    def __init__(self, nginx: Nginx, person: Person, room: dict[str, Any], source: str) -> None:
        self.acked: list[str] = []
        self._nginx, self._person, self._room = nginx, person, room
        self._session = nginx.session(source)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """End after the message that is on its way."""
        self._ending.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def wait_for(self, more: int) -> None:
        """Wait until so many more are stored than now."""
        wanted, deadline = len(self.acked) + more, time.monotonic() + PATIENCE
        while len(self.acked) < wanted:
            assert time.monotonic() < deadline and self._thread.is_alive(), "nothing is stored"
            time.sleep(PAUSE)

    def _run(self) -> None:
        while not self._ending.is_set():
            client_id = f"c{len(self.acked)}"
            while not self._send({"client_id": client_id, "data": client_id}):
                time.sleep(PAUSE)
            self.acked.append(client_id)
        self._leave()

    @abstractmethod
    def _send(self, message: dict[str, str]) -> bool:
        """Tell whether the message is stored now; what is not is sent again."""

    def _leave(self) -> None:
        self._session.close()


class Poster(Talker):
    """Sends over HTTP."""

    def _send(self, message: dict[str, str]) -> bool:
        answer = self._session.post(
            f"{self._nginx.url}/api/rooms/{self._room['id']}/messages",
            json=message,
            headers=self._person.headers,
            timeout=PATIENCE,
        )
        if answer.status_code == 503:
            assert answer.json()["error"]["code"] == "unavailable"
        else:
            assert answer.status_code in (200, 201), answer.text
        return answer.ok


class SocketTalker(Talker):
    """Sends by one transport of Socket.IO, and connects again by itself, as client.md shows."""

    transport = "websocket"
    _client: socketio.Client | None = None

    def _send(self, message: dict[str, str]) -> bool:
        payload = {**message, "room_id": self._room["id"]}
        try:
            if self._client is None or not self._client.connected:
                self._connect()
            assert self._client is not None
            answer = self._client.call("send_message", payload, GROUP, timeout=ANSWER_SECONDS)
        except (SocketIOError, requests.RequestException):
            self._leave_server()
            return False
        if "error" in answer:
            assert answer["error"]["code"] == "unavailable", answer
        return "data" in answer

    def _connect(self) -> None:
        self._leave_server()
        self._client = socketio.Client(reconnection=False, http_session=self._session)
        self._client.connect(
            self._nginx.url,
            namespaces=[GROUP],
            transports=[self.transport],
            auth={"token": self._person.token},
            wait_timeout=10,
        )

    def _leave_server(self) -> None:
        if self._client is not None:
            with suppress(SocketIOError, requests.RequestException):
                self._client.disconnect()
            self._client = None

    def _leave(self) -> None:
        self._leave_server()
        super()._leave()


class Poller(SocketTalker):
    transport = "polling"


def test_callers_of_one_network_are_spread_and_each_stays_where_it_is(nginx: Nginx) -> None:
    for address in ADDRESSES * 2:
        with nginx.session(address) as session:
            assert session.get(f"{nginx.url}/health", timeout=PATIENCE).status_code == 200
    servers: dict[str, set[str]] = defaultdict(set)
    for _, caller, server, _ in nginx.answers():
        servers[caller].add(server)
    assert set(servers) == set(ADDRESSES)
    assert all(len(found) == 1 for found in servers.values())
    shares = Counter(server for found in servers.values() for server in found)
    assert len(shares) == PROCESSES and min(shares.values()) >= 5, shares


class Brief:
    """An HTTP server that ends and is back at once; none of ours starts that fast."""

    def __init__(self) -> None:
        self.port = free_port()
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Greeting)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Greeting(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # noqa: N802
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_processes_that_were_away_for_a_moment_are_asked_again_at_once(tmp_path: Path) -> None:
    briefs = [Brief() for _ in range(PROCESSES)]
    with ExitStack() as stack:
        for brief in briefs:
            brief.start()
            stack.callback(brief.stop)
        nginx = stack.enter_context(Nginx(tmp_path / "nginx", briefs))
        sessions = [stack.enter_context(nginx.session(address)) for address in ADDRESSES]
        for brief in briefs:  # within the 10 seconds for which nginx would leave one alone
            brief.stop()
            for session in sessions:
                assert session.get(nginx.url, timeout=PATIENCE).status_code == 200
            brief.start()


def test_the_origin_of_the_proxy_is_the_servers_own(nginx: Nginx) -> None:
    link = f"{nginx.url}/socket.io/?EIO=4&transport=polling"
    for origin, status in {
        nginx.url: 200,
        nginx.url.replace("https", "WSS"): 200,
        nginx.url.replace("https", "http"): 403,
        "https://elsewhere.example": 403,
    }.items():
        with nginx.session() as session:
            answer = session.get(link, headers={"Origin": origin}, timeout=PATIENCE)
            assert answer.status_code == status, origin
            assert "Strict-Transport-Security" in answer.headers


def test_a_rolling_restart_is_no_bad_gateway_to_anybody_and_loses_nothing(
    nginx: Nginx, servers: list[Server], people: tuple[list[Person], dict[str, Any]]
) -> None:
    (owner, *others), room = people
    kinds: list[Callable[..., Talker]] = [Poller, SocketTalker, Poster]
    talkers = [
        kind(nginx, person, room, address)
        for kind, person, address in zip(kinds, others, ADDRESSES[:3], strict=True)
    ]
    # Readers from everywhere, so that each process has somebody when it ends.
    ending = threading.Event()

    def read(address: str) -> None:
        with nginx.session(address) as session:
            while not ending.is_set():
                answer = session.get(
                    f"{nginx.url}/api/rooms", headers=owner.headers, timeout=PATIENCE
                )
                # 429: on a slow machine the six are more than one caller may have in progress.
                assert answer.status_code in (200, 429, 503), answer.text
                ending.wait(PAUSE)

    readers = [threading.Thread(target=read, args=(one,), daemon=True) for one in ADDRESSES[:6]]
    for reader in readers:
        reader.start()
    for server in servers:
        for talker in talkers:
            talker.wait_for(3)
        assert server.stop() == 0
        server.start()
    for talker in talkers:
        talker.wait_for(3)
        talker.finish()
    ending.set()
    for reader in readers:
        reader.join(PATIENCE)
    statuses = Counter(status for status, *_ in nginx.answers())
    assert not {502, 504} & set(statuses), (statuses, nginx.log())
    page = owner.history(room, limit=100)
    stored = Counter((one["user_id"], one["client_id"]) for one in page["messages"])
    while page["has_more"]:
        page = owner.history(room, limit=100, before_seq=page["messages"][0]["seq"])
        stored.update((one["user_id"], one["client_id"]) for one in page["messages"])
    for talker, person in zip(talkers, others, strict=True):
        assert all(stored[person.id, client_id] == 1 for client_id in talker.acked)
    assert max(stored.values()) == 1
