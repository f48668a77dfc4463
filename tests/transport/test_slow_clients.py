"""A client that reads an answer or sends a body below the minimum rate is dropped."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests
import websocket

from tests.transport.conftest import Serve

GRACE, RATE = 2.0, 1_000_000  # seconds, bytes a second
KERNEL = 8_000_000  # bytes that the kernel may buffer for a client that reads nothing
LARGE = 3 * KERNEL
TIMEOUT = 60  # seconds to wait on a busy machine
AHEAD = 3  # times the minimum rate: on a busy machine a client pauses now and then


@pytest.fixture(scope="module")
def address(serve: Serve) -> str:
    """An application with a short grace."""
    return serve("--grace-seconds", GRACE, "--least-rate", RATE, "--unjoined-seconds", 600)


def connect(address: str, receive_bytes: int = 0) -> socket.socket:
    """Connect, by default with the usual receive buffer."""
    host, port = address.split(":")
    connection = socket.socket()
    if receive_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.settimeout(TIMEOUT)
    connection.connect((host, int(port)))
    return connection


def ask_for(connection: socket.socket, size: int) -> None:
    connection.sendall(f"GET /bytes/{size} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def memory_of(address: str) -> int:
    return int(requests.get(f"http://{address}/memory", timeout=TIMEOUT).text)


def paced(size: int) -> Iterator[int]:
    """Yield the sizes of pieces, each when it is due."""
    began, done = time.monotonic(), 0
    while done < size:
        piece = min(50_000, size - done)
        done += piece
        time.sleep(max(0.0, began + done / (AHEAD * RATE) - time.monotonic()))
        yield piece


def test_slow_readers_of_a_large_answer_are_dropped_and_their_memory_is_freed(
    address: str,
) -> None:
    before = memory_of(address)
    with ExitStack() as stack:
        readers = [stack.enter_context(connect(address, 4096)) for _ in range(10)]
        for reader in readers:
            ask_for(reader, LARGE)
            assert reader.recv(1)
        began = time.monotonic()
        assert memory_of(address) > before + 10 * LARGE / 2
        # Single bytes satisfy the time-out of a socket. Bytes that the kernel has taken count as
        # read, because the server cannot see more.
        while memory_of(address) > before + LARGE:
            assert time.monotonic() - began < GRACE + KERNEL / RATE + TIMEOUT / 4
            for reader in readers:
                reader.recv(1)
        for reader in readers:
            with pytest.raises(ConnectionError):
                while reader.recv(65_536):
                    continue


def test_a_reader_above_the_minimum_rate_gets_all_of_a_large_answer(address: str) -> None:
    with connect(address) as reader:
        ask_for(reader, LARGE)
        began, answer = time.monotonic(), reader.makefile("rb")
        while answer.readline() != b"\r\n":
            continue
        for size in paced(LARGE):
            assert answer.read(size) == b"x" * size
        assert time.monotonic() - began > GRACE  # so its reads extended the grace


def test_a_body_below_the_minimum_rate_is_dropped_whatever_its_length(address: str) -> None:
    with connect(address) as sender:
        sender.sendall(
            f"POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: {LARGE}\r\n\r\n".encode()
        )
        began = time.monotonic()
        sender.settimeout(0.05)
        while time.monotonic() < began + TIMEOUT:
            try:
                sender.send(b"x")
                if not sender.recv(65_536):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        assert GRACE <= time.monotonic() - began < GRACE + TIMEOUT / 4


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_minimum_rate_is_read(address: str, chunked: bool) -> None:
    size = int(AHEAD * RATE * (GRACE + 1))
    kind = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    with connect(address) as sender:
        sender.sendall(f"POST /count HTTP/1.1\r\nHost: x\r\n{kind}\r\n\r\n".encode())
        for piece in paced(size):
            data = b"x" * piece
            sender.sendall(b"%x\r\n%b\r\n" % (piece, data) if chunked else data)
        if chunked:
            sender.sendall(b"0\r\n\r\n")
        assert sender.recv(65_536).endswith(f"\r\n\r\n{size}".encode())


def test_a_websocket_client_that_reads_a_few_bytes_at_a_time_is_dropped(serve: Serve) -> None:
    # The limit of unsent bytes is high and bytes are sent all the time: only the rate ends it.
    address = serve("--grace-seconds", 1, "--least-rate", 10_000_000, "--slow-seconds", 600)
    options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)]
    link = f"ws://{address}/socket.io/?EIO=4&transport=websocket"
    with ExitStack() as stack:
        talker, slow = (
            websocket.create_connection(
                link, timeout=TIMEOUT, suppress_origin=True, sockopt=sockopt
            )
            for sockopt in ([], options)
        )
        for client in (talker, slow):
            stack.callback(client.shutdown)
            client.send("40")
        slow.send('427["join","hall"]')
        while not str(slow.recv()).startswith("437"):
            continue
        text = "x" * 20_000

        def ask(event: str, *values: object) -> object:
            talker.send("428" + json.dumps([event, *values]))
            while not (answer := str(talker.recv())).startswith("438"):
                continue
            return json.loads(answer[3:])[0]

        deadline = time.monotonic() + TIMEOUT
        while ask("unsent") == 0:
            assert time.monotonic() < deadline
            ask("tell", "hall", text, 20)
        assert slow.sock is not None
        while ask("members", "hall") == 2:
            assert time.monotonic() < deadline
            slow.sock.recv(1)
            if ask("unsent") == 0:
                ask("tell", "hall", text, 20)
