from __future__ import annotations

import http.client
import json
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from chat.app import create_app
from chat.database.errors import EmbeddedDatabaseError
from chat.environment import SettingsError
from harness.servers import PATIENCE, ROOT, Server, environment, free_port

READY_SECONDS = 3.0


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[Server]:
    """A server of this test's own with nothing configured, not started yet."""
    server = Server(tmp_path / "var")
    yield server
    if server.running:
        server.kill()


def get(server: Server, path: str) -> tuple[int, dict[str, str]]:
    """Return status and headers of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


def record(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((server.data_dir / "database" / "record.json").read_text())
    return found


def listens(address: int | str) -> bool:
    """Return whether somebody listens on a port of this machine, or on a Unix socket."""
    if isinstance(address, str):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(address) == 0
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", address)) == 0


def last_line(server: Server) -> str:
    return server.log().rstrip("\n").rsplit("\n", 1)[-1]


def logged(server: Server, part: str) -> str:
    """Return the line with `part`: it is written when the answer has been sent, so maybe later."""
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = [line for line in server.log().splitlines() if part in line]
        if lines:
            return lines[0]
        assert time.monotonic() < deadline, "it was never logged"
        time.sleep(0.01)


def test_it_prints_its_address_serves_and_ends_cleanly_at_sigterm(lonely: Server) -> None:
    lonely.start()
    assert lonely.terminal() == f"{lonely.url}/\n"
    assert get(lonely, "/health")[0] == get(lonely, "/ready")[0] == 200
    database = str(record(lonely)["socket"])
    assert listens(database)
    assert lonely.stop() == 0
    assert not listens(database) and not listens(lonely.port)
    assert "Traceback" not in lonely.log() and "deprecated" not in lonely.log()


def test_ctrl_c_is_a_clean_end_too(lonely: Server) -> None:
    lonely.start()
    lonely.signal(signal.SIGINT)
    assert lonely.wait() == 0
    assert not listens(str(record(lonely)["socket"]))
    assert "Traceback" not in lonely.log()


def test_a_signal_while_it_starts_ends_it_cleanly(lonely: Server) -> None:
    lonely.start(ready=False)
    started = lonely.data_dir / "database" / "alive"
    while not started.exists():
        assert lonely.running
        time.sleep(0.01)
    assert lonely.stop() == 0
    assert "Traceback" not in lonely.log()


def test_it_ends_cleanly_while_clients_are_connected(lonely: Server, mongo_uri: str) -> None:
    lonely.set("MONGO_URI", mongo_uri)
    lonely.start()
    with socket.create_connection(("127.0.0.1", lonely.port)) as idle:
        assert lonely.stop() == 0
        idle.settimeout(PATIENCE)
        assert idle.recv(1) == b""


def slowdown() -> float:
    """Return how much longer work takes now than with the machine to itself."""
    before, used_before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import chat.app"], cwd=ROOT, check=True)
    taken, used = time.monotonic() - before, resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = used.ru_utime + used.ru_stime - used_before.ru_utime - used_before.ru_stime
    return max(1.0, taken / worked)


def test_a_later_start_is_ready_within_three_seconds(lonely: Server) -> None:
    lonely.start().stop()
    took: list[float] = []  # seconds, as they would be without the other tests beside this one
    while len(took) < 10 and (not took or took[-1] >= READY_SECONDS):
        others = slowdown()
        before = time.monotonic()
        lonely.start()
        took.append((time.monotonic() - before) / others)
        lonely.stop()
    assert min(took) < READY_SECONDS, took


def test_after_any_sudden_death_the_next_start_works_at_once(lonely: Server) -> None:
    lonely.start()
    port = record(lonely)["socket"]
    for dies in ("app", "database", "both", "database first"):
        database = int(record(lonely)["pid"])
        if dies in ("database", "both", "database first"):
            os.kill(database, signal.SIGKILL)
        if dies != "database":
            lonely.kill()
            lonely.start()
        wait_for_another(lonely, database)
        wait_until_ready(lonely)
        assert record(lonely)["socket"] == port
    assert "embedded database started" in lonely.log()


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while get(server, "/ready")[0] != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_another(server: Server, database: int) -> None:
    """Wait for the record of the next database: it answers a moment before it is written down."""
    deadline = time.monotonic() + PATIENCE
    while record(server)["pid"] == database:
        assert time.monotonic() < deadline, "no database was started"
        time.sleep(0.01)


def test_a_second_server_on_one_directory_shares_the_database(
    lonely: Server, tmp_path: Path
) -> None:
    lonely.start()
    pid = record(lonely)["pid"]
    second = Server(tmp_path / "var")
    second.log_file = tmp_path / "second.log"
    with second:
        assert record(lonely)["pid"] == pid
        lonely.stop()  # its database ends with it; the other takes over
        wait_for_another(lonely, pid)
        wait_until_ready(second)


def test_a_port_in_use_is_one_sentence(lonely: Server) -> None:
    with socket.create_server(("127.0.0.1", lonely.port)):
        lonely.start(ready=False)
        assert lonely.wait() == 1
    assert f"PORT={lonely.port}" in last_line(lonely)
    assert "Traceback" not in lonely.log()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"PORT": "http"}, "PORT"),
        ({"TRUSTED_PROXIES": "1", "MAIL": "terminal", "FLASK_DEBUG": "1"}, "FLASK_DEBUG"),
        ({"HOST": "a..b", "MAIL": "terminal"}, "HOST"),
        ({"HOST": "例子..", "MAIL": "terminal"}, "HOST"),
        ({"HOST": "no.such.host.invalid", "MAIL": "terminal"}, "HOST"),
        ({"MONGO_URI": "mongodb://127.0.0.1:1/chat"}, "MONGO_URI"),
        ({"DATA_DIR": "/dev/null/var"}, "DATA_DIR"),
    ],
)
def test_what_cannot_be_is_one_sentence_that_names_it(
    tmp_path: Path, settings: dict[str, str], named: str
) -> None:
    """One of each kind: of the settings there are tests in tests/test_settings.py."""
    port = settings.get("PORT")
    server = Server(tmp_path, **{k: v for k, v in settings.items() if k != "PORT"})
    if port:
        server.set("PORT", port)
    server.start(ready=False)
    assert server.wait() == 1
    assert server.terminal() == ""
    assert named in server.log() and len(server.log().splitlines()) == 1, server.log()


def fill_data_dir(data_dir: Path, kind: str) -> None:
    """Put something into the way of a start."""
    data_dir.mkdir()
    if kind == "database is a file":
        (data_dir / "database").touch()
    elif kind == "key is binary":
        (data_dir / "secret_key").write_bytes(bytes(range(128, 228)))
    elif kind == "key is a folder":
        (data_dir / "secret_key").mkdir()
    elif kind == "key is short":
        (data_dir / "secret_key").write_text("short")
    elif kind == "link to nowhere":
        data_dir.rmdir()
        data_dir.symlink_to(data_dir.with_name("nowhere"))
    elif kind == "link to itself":
        data_dir.rmdir()
        data_dir.symlink_to(data_dir)
    elif kind == "a file":
        data_dir.rmdir()
        data_dir.touch()


@pytest.mark.parametrize(
    "kind",
    [
        "database is a file",
        "key is binary",
        "key is a folder",
        "key is short",
        "link to nowhere",
        "link to itself",
        "a file",
    ],
)
def test_a_bad_data_dir_is_one_sentence(tmp_path: Path, kind: str) -> None:
    data_dir = tmp_path / "bad"
    fill_data_dir(data_dir, kind)
    with pytest.raises((SettingsError, EmbeddedDatabaseError)) as caught:
        app = create_app("config.Config", DATA_DIR=str(data_dir), MONGO_URI="", SECRET_KEY="")
        app.extensions["chat"].embedded.uri()
    (line,) = str(caught.value).splitlines()
    assert str(data_dir) in line and line.endswith(".")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("kind", ["database is a file", "key is short"])
def test_the_server_and_commands_say_no_more_of_a_bad_data_dir(tmp_path: Path, kind: str) -> None:
    data_dir = tmp_path / "bad"
    fill_data_dir(data_dir, kind)
    flask = ["-m", "flask", "--app", "chat.app", "db", "status"]
    for command in (["wsgi.py"], flask):
        result = started(*command, DATA_DIR=data_dir)
        (line,) = result.stderr.splitlines()
        assert result.returncode == 1 and result.stdout == ""
        assert str(data_dir) in line and line.endswith(".")


def started(*command: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run Python with what is expected to end by itself."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment({"PORT": free_port(), **settings}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_a_read_only_file_system_is_one_sentence(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    (disk / "database").mkdir(parents=True)
    (disk / "secret_key").write_text("k" * 64)
    bind = subprocess.run(["mount", "--bind", disk, disk], capture_output=True, check=False)
    if bind.returncode != 0:
        pytest.skip("mounting is not permitted")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", disk], check=True)
        result = started("wsgi.py", DATA_DIR=disk)
    finally:
        subprocess.run(["umount", disk], check=True)
    (line,) = result.stderr.splitlines()
    assert result.returncode == 1 and "Read-only file system" in line and "DATA_DIR" in line


def test_a_data_dir_may_have_any_name_and_what_it_keeps_is_for_its_owner_alone(
    tmp_path: Path,
) -> None:
    with Server(tmp_path / "with spaces" / "例子" / ("long" * 40)) as server:
        assert get(server, "/ready")[0] == 200
        assert stat.S_IMODE((server.data_dir / "secret_key").stat().st_mode) == 0o600
        assert stat.S_IMODE((server.data_dir / "database").stat().st_mode) == 0o700


def test_without_its_working_directory_it_needs_an_absolute_data_dir(tmp_path: Path) -> None:
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$1"'
    result = subprocess.run(
        ["sh", "-c", script, sys.executable, ROOT / "wsgi.py"],
        cwd=tmp_path,
        env=environment({"PORT": free_port()}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert result.returncode == 1
    assert result.stderr == "DATA_DIR cannot be used: No such file or directory: var.\n"


@pytest.mark.parametrize(
    ("redirection", "said"),
    [
        (">/dev/full", "Cannot write to standard output: No space left on device."),
        (">&-", "Standard output is closed"),
        ("2>&-", "Standard error is closed"),
        (">&- 2>&-", ""),
    ],
)
def test_output_that_goes_nowhere_is_one_sentence(
    server: Server, tmp_path: Path, redirection: str, said: str
) -> None:
    result = subprocess.run(
        ["sh", "-c", f'exec "$0" wsgi.py {redirection}', sys.executable],
        cwd=ROOT,
        env=environment({"DATA_DIR": tmp_path, "PORT": free_port(), "MONGO_URI": server.mongo_uri}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert result.returncode == 1
    lines = [line for line in (result.stdout + result.stderr).splitlines() if " INFO " not in line]
    assert [line.startswith(said) for line in lines] == ([True] if said else [])


def test_what_nohup_ignores_stays_ignored(server: Server, tmp_path: Path) -> None:
    port = free_port()
    settings = {"DATA_DIR": tmp_path, "PORT": port, "MONGO_URI": server.mongo_uri}
    process = subprocess.Popen(
        ["sh", "-c", 'trap "" HUP; exec "$0" wsgi.py', sys.executable],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == f"http://127.0.0.1:{port}/\n"
        process.send_signal(signal.SIGHUP)
        with http_connection(port) as connection:
            for _ in range(3):
                connection.request("GET", "/health")
                assert connection.getresponse().read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.stdout.close()


def test_sighup_without_nohup_is_a_clean_end(lonely: Server, mongo_uri: str) -> None:
    lonely.set("MONGO_URI", mongo_uri)
    lonely.start()
    lonely.signal(signal.SIGHUP)
    assert lonely.wait() == 0


def http_connection(port: int) -> closing[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE))


def test_serving_others_says_what_a_larger_set_up_changes(tmp_path: Path) -> None:
    with Server(tmp_path, HOST="0.0.0.0", MAIL="terminal") as server:
        assert server.terminal().endswith(f"http://0.0.0.0:{server.port}/\n")
        advice = [line for line in server.log().splitlines() if " WARNING " in line]
        assert len(advice) == 1 and "generated key" in advice[0] and "MONGO_URI" in advice[0]


def test_requests_are_logged_with_the_id_they_answer_and_without_their_query(
    server: Server,
) -> None:
    _, headers = get(server, "/api/users/nobody?token=hush")
    line = logged(server, headers["x-request-id"])
    said = r" INFO chat\.middleware\.access_log \[\w+\] GET /api/users/nobody 401 \d+ B \d+ ms$"
    assert re.search(said, line)
    assert "hush" not in server.log()


def test_small_answers_do_not_wait_for_the_other_side(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(PATIENCE)
        took = []
        for _ in range(20):
            before = time.monotonic()
            client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = http.client.HTTPResponse(client)
            answer.begin()
            answer.read()
            took.append(time.monotonic() - before)
    # The delay would be 40 ms of each but the first; other work here does not slow down them all.
    assert min(took[1:]) < 0.035, took


def test_one_connection_too_many_is_told_so_at_once(mongo_uri: str, tmp_path: Path) -> None:
    with Server(tmp_path, MONGO_URI=mongo_uri, MAX_CONNECTIONS=3) as server:
        address = ("127.0.0.1", server.port)
        there = [socket.create_connection(address) for _ in range(3)]
        try:
            assert get(server, "/health")[0] == 503
            there.pop().close()
            wait_until_ready(server)
        finally:
            for one in there:
                one.close()


def test_answers_do_not_need_the_client_to_be_quick(server: Server) -> None:
    """A client that sends half a request holds up nobody else."""
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(b"GET /health HT")
        assert get(server, "/health")[0] == 200


def test_broken_requests_leave_no_traceback(server: Server) -> None:
    for nonsense in (
        b"\x16\x03\x01\x00\xa5\x01",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.settimeout(PATIENCE)
            client.sendall(nonsense)
            with suppress(OSError):  # it may have hung up already
                client.shutdown(socket.SHUT_WR)
            client.recv(1000)
    assert get(server, "/health")[0] == 200
    assert "Traceback" not in server.log()


def test_make_passes_settings_on_and_ends_in_the_server(tmp_path: Path) -> None:
    shown = subprocess.run(
        ["make", "--dry-run", "run", f"DATA_DIR={tmp_path}"],
        cwd=Path(__file__).parents[1],
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    ).stdout
    assert shown.rstrip("\n").endswith("exec .venv/bin/python wsgi.py")
