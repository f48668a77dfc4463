"""HTTP below the application: slow, too large and ambiguous requests."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests
import websocket

from chat.realtime import listener
from chat.realtime.bodies import CHUNKS_PER_TURN
from harness.servers import ROOT, environment
from tests.transport.conftest import Serve

TIMEOUT = 60  # seconds to wait on a busy machine
LIMIT = 100_000
MAX_POLLING = 5
PER_ADDRESS = 4
DEBTOR = "192.0.2.1"
REST = 0.5  # seconds for which the caller in debt waits
PATH = "/socket.io/?EIO=4&transport=polling"


@pytest.fixture(scope="module")
def hasty(serve: Serve) -> str:
    """An application that does not wait long for a request."""
    return serve(
        "--head-seconds", 1, "--grace-seconds", 1, "--linger-seconds", 0.5, "--limit", LIMIT
    )


@pytest.fixture(scope="module")
def patient(serve: Serve) -> str:
    """An application whose deadline for a body is much longer than a test."""
    return serve("--grace-seconds", 600, "--limit", LIMIT, "--unjoined-seconds", 600)


@pytest.fixture
def small(serve: Serve) -> Iterator[str]:
    """An application with low limits of sessions and connections."""
    yield serve(
        "--max-polling", MAX_POLLING, "--per-address", PER_ADDRESS, "--unjoined-seconds", 600
    )


def connect(address: str, source: str = "127.0.0.1") -> socket.socket:
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), TIMEOUT, source_address=(source, 0))


def read_to_end(connection: socket.socket) -> bytes:
    """Return all bytes until the server closes the connection."""
    answer = b""
    try:
        while chunk := connection.recv(65_536):
            answer += chunk
    except ConnectionError:
        return answer
    return answer


def ask(address: str, source: str = "127.0.0.1") -> int:
    """Open a session by polling, on a connection of its own, and return the status."""
    with connect(address, source) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return int(read_to_end(connection).split()[1])


def open_polling(address: str) -> str:
    """Open a session and return its path."""
    opened = requests.get(f"http://{address}{PATH}", timeout=TIMEOUT).text
    return f"{PATH}&sid={json.loads(opened[1:])['sid']}"


def dribble(connection: socket.socket) -> bytes:
    """Send single bytes until the server closes the connection; return its answer."""
    connection.settimeout(0.2)
    answer, deadline = b"", time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        try:
            chunk = connection.recv(65_536)
            if not chunk:
                return answer
            answer += chunk
        except TimeoutError:
            connection.send(b"x")
        except ConnectionError:
            return answer
    raise AssertionError("it was let go on")


@pytest.mark.parametrize("begun", ["G", "GET /", "GET / HTTP/1.1\r\nHost: x\r\nX-"])
def test_the_deadline_of_a_head_begins_at_its_first_byte(hasty: str, begun: str) -> None:
    with connect(hasty) as connection:
        connection.sendall(begun.encode())
        dribble(connection)


def test_a_second_request_has_the_same_deadline(hasty: str) -> None:
    with connect(hasty) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\nGET /".encode())
        assert dribble(connection).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_takes_too_long_ends_its_session(hasty: str) -> None:
    path = open_polling(hasty)
    with connect(hasty) as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n4".encode()
        )
        assert dribble(connection).startswith(b"HTTP/1.1 400 ")
    assert requests.get(f"http://{hasty}{path}", timeout=TIMEOUT).status_code == 400


def test_an_incomplete_body_ends_its_session(patient: str) -> None:
    path = open_polling(patient)
    with connect(patient) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n"
        connection.sendall(f"{head}40/custom,".encode())
        connection.shutdown(socket.SHUT_WR)
        assert read_to_end(connection).startswith(b"HTTP/1.1 400 ")
    assert requests.get(f"http://{patient}{path}", timeout=TIMEOUT).status_code == 400


@pytest.mark.parametrize("length", [LIMIT + 1, 10**18 - 1])
def test_a_body_that_is_too_large_is_not_read_to_its_end(patient: str, length: int) -> None:
    with connect(patient) as connection:
        head = (
            f"POST {open_polling(patient)} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        )
        connection.sendall(head.encode())
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 413 ") and b"Connection: close" in answer


def test_an_endless_sender_is_read_only_for_a_while(hasty: str) -> None:
    with connect(hasty) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {10**18}\r\n\r\n"
        connection.sendall(head.encode())
        deadline = time.monotonic() + TIMEOUT
        with pytest.raises(ConnectionError):
            while time.monotonic() < deadline:
                connection.sendall(b"x" * 65_536)


def test_a_client_that_sends_too_much_can_still_read_the_answer(patient: str) -> None:
    link = f"http://{patient}{open_polling(patient)}"
    assert requests.post(link, data="4" * 10 * LIMIT, timeout=TIMEOUT).status_code == 413


def chunked(path: str, *more: str) -> bytes:
    """Return the head of a POST with a chunked body."""
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def status_of(address: str, sent: bytes) -> int:
    """Send a request, shut down our side, and return the status of the only answer."""
    with connect(address) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answer = read_to_end(connection)
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    return int(answer.split()[1])


@pytest.mark.parametrize(
    "body",
    [
        b"2\r\n40\r\n0\r\n\r\n",
        b"1\r\n4\r\n1\r\n0\r\n0\r\n\r\n",
        b'0002;name=value;other="text"\r\n40\r\n000\r\nX-Trailer: said at the end\r\n\r\n',
    ],
)
def test_a_chunked_body_is_read_like_any_other(patient: str, body: bytes) -> None:
    path = open_polling(patient)
    last = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    with connect(patient) as connection:
        connection.sendall(chunked(path) + body + last)
        answer = read_to_end(connection)
    assert answer.count(b"HTTP/1.1 200 ") == 2 and b'\r\n\r\n40{"sid":' in answer


def test_a_client_that_expects_100_continue_receives_it(patient: str) -> None:
    with connect(patient) as connection:
        head = chunked(open_polling(patient), "Expect: 100-continue", "Connection: close")
        connection.sendall(head)
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"2\r\n40\r\n0\r\n\r\n")
        assert read_to_end(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "body",
    [
        b"2\n40\r\n0\r\n\r\n",
        b"2\r\n40\n0\r\n\r\n",
        b"2\r\n40\r\n0\n\n",
        b"2\r\n40\r\n0\r\nX: y\n\r\n",
        b"-2\r\n40\r\n0\r\n\r\n",
        b"+2\r\n40\r\n0\r\n\r\n",
        b"0x2\r\n40\r\n0\r\n\r\n",
        b"0_2\r\n40\r\n0\r\n\r\n",
        b" 2\r\n40\r\n0\r\n\r\n",
        b"2 \r\n40\r\n0\r\n\r\n",
        "\N{ARABIC-INDIC DIGIT TWO}\r\n40\r\n0\r\n\r\n".encode(),
        b"\r\n40\r\n0\r\n\r\n",
        b"1\r\n40\r\n0\r\n\r\n",
        b"2\r\n40\r\n0\r\nno field\r\n\r\n",
        b"2;x=\ry\r\n40\r\n0\r\n\r\n",
        b"2;" + b"x" * 1_000 + b"\r\n40\r\n0\r\n\r\n",
        b"2\r\n40\r\n0\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
        b"1" + b"0" * 16 + b"\r\n40\r\n0\r\n\r\n",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_ambiguous_chunks_are_refused(patient: str, body: bytes) -> None:
    path = open_polling(patient)
    smuggled = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    assert status_of(patient, chunked(path) + body + smuggled) == 400
    assert requests.post(f"http://{patient}{path}", data="40", timeout=TIMEOUT).ok  # a CONNECT


@pytest.mark.parametrize("size", [b"ffffffffffffffff", b"%x" % (LIMIT + 1)])
def test_a_chunked_body_that_is_too_large_is_not_read_to_its_end(patient: str, size: bytes) -> None:
    path = open_polling(patient)
    assert status_of(patient, chunked(path) + size + b"\r\n" + b"4" * 3 * LIMIT) == 413


def test_the_limit_of_a_body_counts_all_its_chunks(patient: str) -> None:
    path = open_polling(patient)
    body = b"".join(b"400\r\n%b\r\n" % (b"4" * 1024) for _ in range(LIMIT // 1024 + 1))
    assert status_of(patient, chunked(path) + body + b"0\r\n\r\n") == 413


@pytest.mark.parametrize("begun", [b"", b"2", b"2\r\n", b"2\r\n4", b"2\r\n40\r\n0\r\nX-"])
def test_an_incomplete_chunked_body_ends_its_session(patient: str, begun: bytes) -> None:
    path = open_polling(patient)
    assert status_of(patient, chunked(path) + begun) == 400
    assert requests.get(f"http://{patient}{path}", timeout=TIMEOUT).status_code == 400


def test_a_chunked_body_has_the_deadline_of_a_body(hasty: str) -> None:
    path = open_polling(hasty)
    with connect(hasty) as connection:
        connection.sendall(chunked(path) + b"fff\r\n4")
        assert dribble(connection).startswith(b"HTTP/1.1 400 ")
    assert requests.get(f"http://{hasty}{path}", timeout=TIMEOUT).status_code == 400


@pytest.mark.parametrize(
    ("coding", "status"),
    [("gzip", 501), ("identity", 501), ("gzip, chunked", 501), ("chunked, chunked", 501)],
)
def test_other_transfer_codings_are_refused(patient: str, coding: str, status: int) -> None:
    head = chunked(open_polling(patient)).replace(b": chunked", f": {coding}".encode())
    assert status_of(patient, head + b"0\r\n\r\n") == status


def test_a_chunked_body_in_http_1_0_is_refused(patient: str) -> None:
    head = chunked(open_polling(patient)).replace(b"HTTP/1.1", b"HTTP/1.0")
    assert status_of(patient, head + b"2\r\n40\r\n0\r\n\r\n") == 400


@pytest.mark.parametrize(
    "head",
    [
        "GET {} HTTP/1.1\r\nHost: x\r\nX-A: a\rContent-Length: 5\r\n\r\n",
        "GET {} HTTP/1.1\r\nHost: x\rContent-Length: 5\r\n\r\n",
        "GET {} HTTP/1.1\r\nHost: x\r\nX-A: a\r\r\n\r\n",
        "GET {} HTTP/1.1\r\nHost: x\r\nX-A: \ra\r\n\r\n",
        "GET\r{} HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET {} HTTP/1.1\r\r\nHost: x\r\n\r\n",
    ],
)
def test_a_line_with_an_ambiguous_end_is_refused(patient: str, head: str) -> None:
    with connect(patient) as connection:
        connection.sendall(head.format(PATH).encode())
        connection.shutdown(socket.SHUT_WR)
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("name", ["j", "%6a"])
def test_jsonp_is_refused(patient: str, name: str) -> None:
    answer = requests.get(f"http://{patient}{PATH}&{name}=0", timeout=TIMEOUT)
    assert answer.status_code == 400 and "___eio" not in answer.text
    path = open_polling(patient)
    posted = requests.post(f"http://{patient}{path}&{name}=0", data="d=1", timeout=TIMEOUT)
    assert posted.status_code == 400


def enter(address: str, path: str) -> None:
    """Connect to the main namespace and wait for the answer."""
    link = f"http://{address}{path}"
    assert requests.post(link, data="40", timeout=TIMEOUT).status_code == 200
    assert requests.get(link, timeout=TIMEOUT).text.startswith("40")


def test_a_polling_session_beyond_the_limit_replaces_the_oldest_unjoined_one(small: str) -> None:
    paths = [open_polling(small) for _ in range(MAX_POLLING)]
    enter(small, paths[0])
    newcomer = open_polling(small)
    statuses = [
        requests.post(f"http://{small}{path}", data="3", timeout=TIMEOUT).status_code
        for path in (*paths, newcomer)
    ]
    assert statuses == [200, 400, *[200] * (MAX_POLLING - 1)]


def test_a_polling_session_beyond_the_limit_is_refused(small: str) -> None:
    paths = [open_polling(small) for _ in range(MAX_POLLING)]
    for path in paths:
        enter(small, path)
    assert ask(small) == 503
    link = f"ws://{small}{PATH}".replace("polling", "websocket")
    client = websocket.create_connection(link, timeout=TIMEOUT, suppress_origin=True)
    assert str(client.recv()).startswith("0")  # a WebSocket does not count as polling
    client.shutdown()
    assert requests.post(f"http://{small}{paths[0]}", data="1", timeout=TIMEOUT).status_code == 200
    assert ask(small) == 200


def test_one_address_cannot_open_all_connections(small: str) -> None:
    with ExitStack() as stack:
        for _ in range(PER_ADDRESS - 1):
            stack.enter_context(connect(small))
        link = f"ws://{small}{PATH}".replace("polling", "websocket")
        client = websocket.create_connection(link, timeout=TIMEOUT, suppress_origin=True)
        stack.callback(client.shutdown)
        client.recv()
        assert ask(small) == 503
        assert ask(small, source="127.0.0.2") == 200
        client.shutdown()
        deadline = time.monotonic() + TIMEOUT
        while (status := ask(small)) != 200 and time.monotonic() < deadline:
            continue
        assert status == 200


@pytest.fixture(scope="module")
def strict(serve: Serve) -> str:
    """An application with a caller in debt."""
    return serve("--debtor", DEBTOR, "--rest-seconds", REST)


MANY_CHUNKS = "1\r\nx\r\n" * CHUNKS_PER_TURN + "0\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "rest", "status"),
    [
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b", "", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x", "", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip", "", 501),
        ("POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked", MANY_CHUNKS, 200),
    ],
    ids=["two hosts", "no length", "an odd coding", "many chunks"],
)
def test_a_caller_in_debt_repays_where_no_turn_is_taken(
    strict: str, head: str, rest: str, status: int
) -> None:
    began = time.monotonic()
    with connect(strict) as connection:
        lines = f"{head}\r\nX-Forwarded-For: {DEBTOR}\r\nConnection: close\r\n\r\n{rest}"
        connection.sendall(lines.encode())
        assert int(read_to_end(connection).split()[1]) == status
    assert time.monotonic() - began >= REST


def test_the_networks_of_a_site_share_a_limit_of_a_few_times_one_network(small: str) -> None:
    with ExitStack() as stack:
        for number in range(1, listener.SITE_FACTOR + 1):
            for _ in range(PER_ADDRESS):
                stack.enter_context(connect(small, f"127.0.0.{number}"))
        assert ask(small, "127.0.0.99") == 503
        assert ask(small, "127.0.1.1") == 200


def test_connections_in_the_backlog_are_answered_when_the_server_ends() -> None:
    command = [sys.executable, "-m", "tests.transport.ending"]
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment({}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(process.kill)
        assert process.stdin is not None and process.stdout is not None
        address = f"127.0.0.1:{int(process.stdout.readline())}"
        request = "GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        connections = [stack.enter_context(connect(address))]
        connections[0].sendall(request.format("end").encode())
        assert process.stdout.readline() == "held\n"
        for _ in range(20):
            connections.append(stack.enter_context(connect(address)))
            connections[-1].sendall(request.format("").encode())
        process.stdin.write("\n")
        process.stdin.flush()
        for connection in connections:
            assert read_to_end(connection).endswith(b"here")
        with pytest.raises(ConnectionRefusedError):
            connect(address)
