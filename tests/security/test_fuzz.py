"""Random clients on a running server: no 500, no traceback, no event without its answer."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
import websocket
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from chat.database.client import Database
from harness.accounts import bearer
from harness.people import app_beside
from harness.servers import Server
from tests.conftest import drop, with_database
from tests.figures import Figures
from tests.http.test_bad_input import Route
from tests.security.callers import Cast
from tests.security.noise import Pool
from tests.wire import Closed, WireClient

STATUSES = {200, 201, 202, 204, 308, 400, 401, 403, 404, 405, 409, 413, 503}
NORMAL, LONG = 50, 1_000  # examples
LONG_GROWTH_MB = 10  # caches fill up to their bounds; a leak of 3 KB for each call would be more


class Target:
    """A server of its own, and what is known of it."""

    def __init__(self, server: Server, cast: Cast) -> None:
        self.server = server
        self.cast = cast
        group, other = cast.group(), cast.group()
        direct = cast["owner"].talk_to(cast["peer"])
        people = [cast[name] for name in ("owner", "admin", "member", "peer")]
        self.pool = Pool(
            ids=(str(group["id"]), str(other["id"]), direct["id"], cast["member"].id),
            names=tuple(person.username for person in people),
            numbers=(str(group["number"]), str(other["number"])),
            tokens=tuple(person.access_token for person in people),
        )
        self.http = requests.Session()

    def client(self, stack: ExitStack) -> WireClient:
        """Return a client in both namespaces."""
        client = WireClient(self.server.url)
        stack.callback(client.close)
        for namespace in ("/direct", "/group"):
            assert "sid" in client.connect(namespace, self.cast["owner"].access_token)
        return client

    def hash_passwords(self) -> None:
        """Have passwords hashed at once: each thread that does so keeps the 19 MiB it takes."""

        def log_in(_: int) -> None:
            body = {"username": "nobody_of_this_name", "password": "not the password"}
            address = f"{self.server.url}/api/session"
            assert requests.post(address, json=body, timeout=60).status_code == 401

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(log_in, range(40)))

    def memory(self) -> float:
        """Return the memory of the server's process in MiB."""
        status = Path(f"/proc/{self.server.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def check(self) -> None:
        """Check that it lives and has logged nothing that nobody foresaw."""
        assert requests.get(f"{self.server.url}/health", timeout=60).status_code == 200
        log = self.server.log()
        wrong = [line for line in log.splitlines() if " ERROR " in line or line.startswith("  | ")]
        assert wrong == [] and "Traceback" not in log


@pytest.fixture(scope="module")
def target(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    name = f"test_{secrets.token_hex(8)}"
    directory = tmp_path_factory.mktemp("fuzz")
    uri = with_database(mongo_uri, name)
    with Server(directory, MONGO_URI=uri, RATE_LIMITS="off") as server:
        with app_beside(directory, uri, RATE_LIMITS=False) as app:
            yield Target(server, Cast(app))
    drop(Database(mongo_uri), name)


def each(examples: int, strategy: SearchStrategy[Any], run: Callable[[Any], None]) -> None:
    """Call `run` with that many lists of what a strategy makes; few of them: always the same."""

    @settings(
        max_examples=examples,
        derandomize=examples == NORMAL,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # a world that changes shows nothing twice
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(strategy, min_size=1, max_size=8))
    def some(found: list[Any]) -> None:
        for one in found:
            run(one)

    some()


def throw_http(target: Target, examples: int) -> int:
    """Send random HTTP calls and return how many."""
    count = 0

    def run(call: tuple[Route, dict[str, str], bytes, dict[str, str], str]) -> None:
        nonlocal count
        count += 1
        route, places, body, query, token = call
        if route.method == "DELETE" and route.rule == "/api/session":
            token = "nonsense"  # or the others would have none any more
        escaped = {
            name: quote(value.encode("utf-8", "replace"), safe="") for name, value in places.items()
        }
        path = re.sub(r"<(\w+)>", lambda match: escaped[match[1]], route.rule)
        response = target.http.request(
            route.method,
            target.server.url + path,
            data=body,
            params={name: value.encode("utf-8", "replace") for name, value in query.items()},
            headers={"Content-Type": "application/json"} | (bearer(token) if token else {}),
            allow_redirects=False,
            timeout=60,
        )
        assert response.status_code in STATUSES, (route, response.status_code, response.text)
        if response.content and response.status_code != 308:
            assert set(response.json()) in ({"data"}, {"error"})

    each(examples, target.pool.calls(), run)
    return count


def throw_events(target: Target, examples: int) -> int:
    """Send random events, some at once, and return how many; each has to be answered."""
    count = 0
    with ExitStack() as stack:
        clients = [target.client(stack)]
        waiting: list[int] = []

        def run(event: tuple[str, object, list[Any]]) -> None:
            nonlocal count
            count += 1
            waiting.append(clients[0].emit(event[0], event[1], *event[2]))
            if len(waiting) >= 8:
                answers()

        def answers() -> None:
            for ack_id in waiting:
                answer = clients[0].ack(ack_id)
                assert set(answer) in ({"data"}, {"error"})
                assert answer.get("error", {}).get("code") != "internal", answer
            waiting.clear()
            clients[0].received.clear()

        each(examples, target.pool.events(), run)
        answers()
    return count


def throw_frames(target: Target, examples: int) -> int:
    """Send random frames on one connection after the other and return how many."""
    count = 0
    with ExitStack() as stack:
        bystander = target.client(stack)
        clients: list[WireClient] = []

        def run(frame: str | bytes) -> None:
            nonlocal count
            count += 1
            if not clients:
                clients.append(target.client(stack))
            try:
                if isinstance(frame, bytes):
                    clients[0].send_binary(frame)
                else:
                    clients[0].send_raw(frame)
                clients[0].barrier("/group")  # answered, or the connection is closed
                clients[0].received.clear()
            except (Closed, OSError, websocket.WebSocketException):
                clients.pop().close()
            assert "data" in bystander.call("/group", "sync", {"rooms": {}})
            bystander.received.clear()

        each(examples, target.pool.frames(), run)
    return count


@pytest.mark.parametrize("throw", [throw_http, throw_events, throw_frames])
def test_random_clients_find_nothing(
    target: Target, throw: Callable[[Target, int], int], figures: Figures
) -> None:
    count = throw(target, NORMAL)
    target.check()
    figures.add(f"fuzz, {throw.__name__.removeprefix('throw_')}", sent=count, findings=0)


@pytest.mark.torture
@pytest.mark.parametrize("throw", [throw_http, throw_events, throw_frames])
def test_many_random_clients_find_nothing_and_leave_nothing_behind(
    target: Target, throw: Callable[[Target, int], int], figures: Figures
) -> None:
    target.hash_passwords()
    throw(target, LONG // 10)  # fill what fills up
    before = target.memory()
    count = throw(target, LONG)
    target.check()
    growth = target.memory() - before
    figures.add(
        f"long fuzz, {throw.__name__.removeprefix('throw_')}",
        sent=count,
        findings=0,
        growth=f"{growth:.0f} MiB",
    )
    assert growth < LONG_GROWTH_MB
