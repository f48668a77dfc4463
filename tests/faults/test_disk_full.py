"""A full disk: everyone is answered 503, nothing acked is lost, and it goes on by itself."""

from __future__ import annotations

import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from chat.database.client import Database
from chat.logs import QUIET_SECONDS
from harness.people import app_beside, make_people
from harness.servers import PATIENCE, Server
from tests.conftest import drop, with_database
from tests.database.processes import wait_until
from tests.faults.conftest import database_pid, database_uri
from tests.faults.senders import read_log
from tests.sockets.conftest import Member, message
from tests.wire import WireClient

TROUBLE = re.compile(
    r"^\S+ (?:ERROR|WARNING) \S+ \[\S+\] (.*?)(?: \(\d+ times more before\))?$", re.M
)
TOO_MANY = 5_000  # messages of 4 kB: more than a full disk could take

PAGE = 4_096  # bytes, of which the last one of a file may still have some

Call = tuple[str, str, Any]  # method, path and JSON


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB of this test's own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(disk)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"mounting is not permitted: {mounted.stderr}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def server(small_disk: Path, tmp_path: Path, embedded_engine: str) -> Iterator[Server]:
    """A server with its data on the small disk and its log elsewhere."""
    server = Server(small_disk / "var", RATE_LIMITS="off", DATABASE=embedded_engine)
    server.log_file = tmp_path / "server.log"
    with server:
        yield server


@pytest.fixture
def ada(server: Server) -> Iterator[Member]:
    uri = database_uri(server)
    with ExitStack() as stack:
        with app_beside(server.data_dir, uri, RATE_LIMITS=False) as app:
            people = make_people(app, "ada")
        yield Member(people[0], server, stack)


def fill(disk: Path) -> Path:
    """Use up all space and return the file that has it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(bytes(65_536))
    return filler


def fail_to_send(client: WireClient, group: dict[str, Any]) -> list[str]:
    """Send until one message is refused, and one more; return the client ids of what was acked."""
    acked: list[str] = []
    for number in range(TOO_MANY):
        answer = client.call("/group", "send_message", message(group, "x" * 4_000, f"c{number}"))
        if "error" in answer:
            assert answer["error"]["code"] == "unavailable"
            return acked
        acked.append(f"c{number}")
    raise AssertionError("the disk is never full")


def at_once(person: Member, *calls: Call) -> list[requests.Response]:
    """Make calls at the same moment: each may wait until its time is over."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(lambda call: person.http(*call), calls))


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while requests.get(f"{server.url}/ready", timeout=PATIENCE).status_code != 200:
        assert time.monotonic() < deadline, "it is never ready again"
        time.sleep(0.1)


def lines(server: Server, part: str) -> list[str]:
    return [line for line in server.log().splitlines() if part in line]


def troubles(server: Server) -> Counter[str]:
    """Return how often each warning and each error was logged."""
    return Counter(TROUBLE.findall(server.log()))


def test_a_full_disk_is_an_outage_that_ends_when_there_is_space(
    server: Server, ada: Member, small_disk: Path, embedded_engine: str
) -> None:
    group = ada.create_group()
    client = ada.socket("/group")
    broken = database_pid(server)
    began = time.monotonic()
    filler = fill(small_disk)
    acked = fail_to_send(client, group)
    refused = f"c{len(acked)}"

    calls: list[Call] = [
        ("GET", "/rooms", None),
        ("GET", f"/rooms/{group['id']}/messages", None),
        ("POST", "/rooms", {"name": "later"}),
        ("POST", "/session", {"username": ada.username, "password": ada.password}),
    ]
    # SecantusDB answers with errors, of which each could be a line; mongod ends, and calls wait.
    rounds = [[call] for call in calls * 10] if embedded_engine == "secantusdb" else [calls]
    for some in rounds:
        for answer in at_once(ada, *some):
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
        client.barrier("/group")  # it answers the server's pings, however long this takes
    assert requests.get(f"{server.url}/health", timeout=PATIENCE).status_code == 200
    english = {"Accept-Language": "en"}
    not_ready = requests.get(f"{server.url}/ready", headers=english, timeout=PATIENCE)
    assert not_ready.status_code == 503
    assert "disk may be full" in not_ready.json()["error"]["message"]
    found = troubles(server)
    minutes = 1 + (time.monotonic() - began) // QUIET_SECONDS
    assert len(found) < 20 and max(found.values()) <= minutes, found
    why = (
        "answers nothing but errors"
        if embedded_engine == "secantusdb"
        else "was killed by signal 6"
    )
    assert len(lines(server, why)) == 1
    assert "Traceback" not in server.log() and "unforeseen" not in server.log()

    filler.unlink()
    wait_until_ready(server)
    # It answers a moment before its process id is written down.
    wait_until(lambda: database_pid(server) != broken)
    repeated = client.call("/group", "send_message", message(group, "x" * 4_000, refused))
    assert repeated["data"]["seq"] == len(acked) + 1  # once, and behind everything acked
    stored = read_log(ada, group)
    assert [one["client_id"] for one in stored] == [*acked, refused]


def test_a_log_on_a_full_disk_stops_nothing(
    small_disk: Path, tmp_path: Path, mongo_uri: str, database_name: str
) -> None:
    uri = with_database(mongo_uri, database_name)
    server = Server(tmp_path / "var", RATE_LIMITS="off", MONGO_URI=uri)
    server.log_file = small_disk / "server.log"
    with server, ExitStack() as stack:
        with app_beside(server.data_dir, uri, RATE_LIMITS=False) as app:
            people = make_people(app, "ada")
        ada = Member(people[0], server, stack)
        group = ada.create_group()
        client = ada.socket("/group")
        filler = fill(small_disk)
        before = len(server.log())
        for number in range(60):
            assert ada.http("GET", "/rooms").status_code == 200
            assert "data" in client.call("/group", "send_message", message(group, f"{number}"))
        assert len(server.log()) - before <= PAGE  # or nothing was lost of it
        assert len(read_log(ada, group)) == 60
        filler.unlink()
        assert server.stop() == 0
    drop(Database(mongo_uri), database_name)


def test_a_start_on_a_full_disk_says_so(
    small_disk: Path, tmp_path: Path, embedded_engine: str
) -> None:
    for made in ((), ("secret_key",)):  # at the first write, and at one of the database
        data_dir = small_disk / f"var{len(made)}"
        data_dir.mkdir()
        for name in made:
            (data_dir / name).write_text("k" * 64)
        filler = fill(small_disk)
        server = Server(data_dir, DATABASE=embedded_engine)
        server.log_file = tmp_path / "start.log"
        server.log_file.unlink(missing_ok=True)
        assert server.start(ready=False).wait() == 1
        (line,) = server.log().splitlines()
        assert "No space left on device" in line and str(data_dir) in line
        filler.unlink()
