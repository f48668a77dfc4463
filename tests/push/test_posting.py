"""A push service that keeps the server waiting, or never stops answering, is left."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from chat.push import posting
from chat.push.endpoints import Endpoint
from harness.servers import PATIENCE
from tests.programs import succeed
from tests.push.service import NAME, Service

Behave = Callable[[socket.socket], None]
Post = Callable[[Behave], posting.Answer]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(posting, "ANSWER_SECONDS", 0.5)


@pytest.fixture
def post(shared_service: Service) -> Iterator[Post]:
    """A function that posts to a service which behaves so, once it is connected to."""
    threads: list[threading.Thread] = []
    context = ssl.create_default_context(cafile=str(shared_service.authority))

    def post(behave: Behave) -> posting.Answer:
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def serve() -> None:
                connection, _ = listener.accept()
                connection.settimeout(PATIENCE)
                with closing(connection), suppress(OSError):  # the client has left
                    behave(connection)

            threads.append(threading.Thread(target=serve, daemon=True))
            threads[-1].start()
            endpoint = Endpoint(NAME, listener.getsockname()[1], "/push/1", "127.0.0.1")
            return posting.post(endpoint, {"TTL": "60"}, b"secret", context)

    yield post
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the client did not leave"


@pytest.fixture
def over_tls(shared_service: Service) -> Callable[[Behave], Behave]:
    """A function that lets a service behave so after the handshake and the request."""

    def over_tls(behave: Behave) -> Behave:
        def shake_hands(connection: socket.socket) -> None:
            with shared_service.context.wrap_socket(connection, server_side=True) as secured:
                received = b""
                while not received.endswith(b"secret"):
                    received += secured.recv(4_096)
                behave(secured)

        return shake_hands

    return over_tls


def wait(connection: socket.socket) -> None:
    """Say nothing until the client leaves."""
    while connection.recv(4_096):
        continue


def dripping(beginning: bytes, byte: bytes, end: bytes) -> Behave:
    """Answer byte by byte: each comes in time, all of them do not."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(beginning)
        pause = threading.Event()
        for _ in range(round(PATIENCE / 0.1)):
            connection.sendall(byte)
            pause.wait(0.1)
        connection.sendall(end + b"\r\nContent-Length: 0\r\n\r\n")

    return drip


def test_a_service_without_a_handshake_is_left(post: Post) -> None:
    with pytest.raises(OSError):
        post(wait)


def test_a_service_that_does_not_answer_is_left(
    post: Post, over_tls: Callable[[Behave], Behave]
) -> None:
    with pytest.raises((OSError, http.client.HTTPException)):
        post(over_tls(wait))


def test_a_service_that_answers_byte_by_byte_is_left(
    post: Post, over_tls: Callable[[Behave], Behave]
) -> None:
    with pytest.raises((OSError, http.client.HTTPException)):
        post(over_tls(dripping(b"HTTP/1.", b"1", b" 201 Created")))


def test_an_answer_that_was_cut_off_is_none(
    post: Post, over_tls: Callable[[Behave], Behave]
) -> None:
    """It began well, and its line would do."""
    with pytest.raises(TimeoutError):
        post(over_tls(dripping(b"HTTP/1.1 201 ", b"C", b"reated")))


# As in the server: there a handshake has no end of its own.
DRIPPING = """
import eventlet
eventlet.monkey_patch()
import socket, ssl
from chat.push import posting
from chat.push.endpoints import Endpoint

posting.CONNECT_SECONDS = posting.ANSWER_SECONDS = 0.5
listener = socket.create_server(("127.0.0.1", 0))

def drip():
    connection, _ = listener.accept()
    connection.sendall(bytes([22, 3, 3, 64, 0]))  # a record of 16 KiB follows
    while True:
        connection.sendall(b"x")
        eventlet.sleep(0.1)

eventlet.spawn(drip)
endpoint = Endpoint("localhost", listener.getsockname()[1], "/", "127.0.0.1")
try:
    posting.post(endpoint, {}, b"", ssl.create_default_context())
except OSError:
    raise SystemExit
raise AssertionError("there was no handshake, but an answer")
"""


def test_a_service_that_shakes_hands_byte_by_byte_is_left() -> None:
    succeed(DRIPPING)


def test_of_an_endless_answer_only_the_beginning_is_read(
    post: Post, over_tls: Callable[[Behave], Behave], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "ANSWER_SECONDS", PATIENCE)

    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 1000000000000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    assert post(over_tls(pour)) == posting.Answer(201)


# As in the server: there nothing else runs while a service has bytes to read.
FLOODING = """
import eventlet
eventlet.monkey_patch()
import socket, ssl, threading
from pathlib import Path
from tempfile import TemporaryDirectory
from chat.push import posting
from chat.push.endpoints import Endpoint
from tests.push.service import NAME, Service

INTERIM = b"HTTP/1.1 100 Continue\\r\\n\\r\\n"
SENT = 40_000_000  # bytes
sent = 0

def flood():
    global sent
    with service.context.wrap_socket(listener.accept()[0], server_side=True) as connection:
        while not connection.recv(4_096).endswith(b"secret"):
            continue
        try:
            while sent < SENT:
                sent += connection.send(INTERIM * 1_000)
            connection.sendall(b"HTTP/1.1 201 Created\\r\\n\\r\\n")
        except OSError:
            pass  # the client has left

with TemporaryDirectory() as directory, socket.create_server(("127.0.0.1", 0)) as listener:
    service = Service(Path(directory))
    context = ssl.create_default_context(cafile=str(service.authority))
    threading.Thread(target=flood).start()
    endpoint = Endpoint(NAME, listener.getsockname()[1], "/", "127.0.0.1")
    try:
        posting.post(endpoint, {}, b"secret", context)
    except OSError:
        assert sent < SENT, "everything was read"
        raise SystemExit
raise AssertionError("the server read all of it")
"""


def test_a_service_that_floods_interim_answers_is_left() -> None:
    succeed(FLOODING)
