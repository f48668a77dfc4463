"""The POST of a polling client: many packets, none of them large."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from contextlib import ExitStack

import engineio
import pytest
import requests

from chat.realtime.listener import LARGE_BODIES
from chat.realtime.transport.engine import EngineServer
from chat.realtime.transport.session import READ_BYTES
from tests.transport.conftest import Serve

TIMEOUT = 60  # seconds to wait on a busy machine
PACKET, PAYLOAD = 100_000, 1_000_000  # bytes
PATH = "/socket.io/?EIO=4&transport=polling"
SEPARATOR = "\x1e"


@pytest.fixture(scope="module")
def roomy(serve: Serve) -> str:
    """An application with a higher limit for a POST than for a packet."""
    limits = ("--limit", PACKET, "--max-payload", PAYLOAD)
    return serve(*limits, "--unjoined-seconds", 600)


def open_polling(address: str) -> str:
    opened = requests.get(f"http://{address}{PATH}", timeout=TIMEOUT).text
    return f"http://{address}{PATH}&sid={json.loads(opened[1:])['sid']}"


def enter(link: str) -> None:
    """Connect to the main namespace."""
    assert requests.post(link, data="40", timeout=TIMEOUT).status_code == 200
    came = ""
    while '"auth"' not in came:
        came += requests.get(link, timeout=TIMEOUT).text


def hear(link: str, count: int) -> list[str]:
    """Poll until so many packets have arrived."""
    heard: list[str] = []
    while len(heard) < count:
        heard += requests.get(link, timeout=TIMEOUT).text.split(SEPARATOR)
    return heard


@pytest.mark.parametrize(("count", "size"), [(20, 40_000), (9, PACKET - 100), (400, 2_000)])
def test_a_post_may_be_larger_than_a_packet(roomy: str, count: int, size: int) -> None:
    link = open_polling(roomy)
    enter(link)
    texts = [f"{number:03}{'ü' * (size // 2)}" for number in range(count)]
    packets = [f'42["message","{text}"]' for text in texts]
    answer = requests.post(link, data=SEPARATOR.join(packets).encode(), timeout=TIMEOUT)
    assert answer.status_code == 200
    answers = [json.loads(packet.removeprefix("42")) for packet in hear(link, count)]
    assert answers == [["message-back", text] for text in texts]


@pytest.mark.parametrize("others", [0, 2])
def test_each_packet_keeps_its_limit(roomy: str, others: int) -> None:
    link = open_polling(roomy)
    enter(link)
    packets = [*['42["message",1]'] * others, f'42["message","{"x" * PACKET}"]']
    answer = requests.post(link, data=SEPARATOR.join(packets), timeout=TIMEOUT)
    assert answer.status_code == 413
    assert requests.get(link, timeout=TIMEOUT).status_code == 400


def test_the_whole_post_has_a_limit_too(roomy: str) -> None:
    link = open_polling(roomy)
    enter(link)
    packet = f'42["message","{"x" * 50_000}"]'
    answer = requests.post(
        link, data=SEPARATOR.join([packet] * (PAYLOAD // 50_000)), timeout=TIMEOUT
    )
    assert answer.status_code == 413
    assert requests.get(link, timeout=TIMEOUT).status_code == 400


def chunked(link: str, chunks: list[bytes]) -> socket.socket:
    """Start a chunked POST; without the last chunk it stays incomplete."""
    _, _, rest = link.partition("//")
    address, _, path = rest.partition("/")
    host, _, port = address.partition(":")
    connection = socket.create_connection((host, int(port)), timeout=TIMEOUT)
    head = f"POST /{path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.sendall(head.encode() + b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in chunks))
    return connection


def status_of(connection: socket.socket) -> int:
    return int(connection.recv(4096).split()[1])


def test_only_few_large_bodies_in_chunks_are_in_memory_at_a_time(roomy: str) -> None:
    link = open_polling(roomy)
    enter(link)
    piece = b'42["message","' + b"x" * 60_000 + b'"]'
    large = [piece, SEPARATOR.encode() + piece]
    with ExitStack() as stack:
        waiting = [stack.enter_context(chunked(link, large)) for _ in range(LARGE_BODIES)]
        # A body holds a slot once the server has read more than the ordinary limit.
        for connection in waiting:
            connection.sendall(b"1\r\n\x1e\r\n" * 3)

        def refused() -> bool:
            own = open_polling(roomy)  # a refusal ends the session
            enter(own)
            with chunked(own, large) as one_more:
                one_more.settimeout(1)
                try:
                    return status_of(one_more) == 413
                except TimeoutError:
                    return False

        deadline = time.monotonic() + TIMEOUT
        while not refused():
            assert time.monotonic() < deadline
        other = open_polling(roomy)
        enter(other)
        with chunked(other, [b"3"]) as small:
            small.sendall(b"0\r\n\r\n")
            assert status_of(small) == 200
        waiting[0].close()
        deadline = time.monotonic() + TIMEOUT
        while True:  # until the server has noticed a closed connection
            own = open_polling(roomy)
            enter(own)
            with chunked(own, large) as next_one:
                next_one.sendall(b"0\r\n\r\n")
                if status_of(next_one) == 200:
                    break
            assert time.monotonic() < deadline


@pytest.mark.parametrize("is_in", [True, False], ids=["before", "after being refused"])
def test_an_unjoined_client_may_post_one_packet(roomy: str, is_in: bool) -> None:
    link = open_polling(roomy)
    if not is_in:
        requests.post(link, data="40/closed,", timeout=TIMEOUT)
        assert requests.get(link, timeout=TIMEOUT).text.startswith("44/closed,")
    packets = SEPARATOR.join([f'42["message","{"x" * 50_000}"]'] * 3)
    answer = requests.post(link, data=packets, timeout=TIMEOUT)
    assert answer.status_code == 413
    assert answer.headers["Connection"] == "close"  # the rest stays unread


def test_a_waiting_poll_ends_with_its_session(roomy: str) -> None:
    link = open_polling(roomy)
    enter(link)
    answers: list[requests.Response] = []
    waiting = threading.Thread(target=lambda: answers.append(requests.get(link, timeout=TIMEOUT)))
    waiting.start()
    while requests.post(link, data="4" * (PACKET + 1), timeout=TIMEOUT).status_code != 400:
        pass  # the first is too large and ends the session
    waiting.join(TIMEOUT)
    assert (
        answers[0].status_code == 400 or answers[0].text == "6"
    )  # after "1" a client does not reconnect


class Source(io.BytesIO):
    """A body that records the size of each read."""

    largest = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None and size >= 0
        self.largest = max(self.largest, size)
        return super().read(size)


def take(body: bytes, length: int) -> tuple[list[str], Source]:
    """Let a client that is in a namespace post a body; return the messages in it and its source."""
    heard: list[str] = []
    server = EngineServer(async_mode="threading", max_http_buffer_size=PACKET, max_payload=PAYLOAD)
    server.on("message", lambda sid, data: heard.append(data))
    session = server.open_session("a")
    session.on_joined()
    source = Source(body)
    try:
        session.handle_post_request({"wsgi.input": source, "CONTENT_LENGTH": str(length)})
    except engineio.exceptions.EngineIOError:
        assert session.closed
    return heard, source


def test_a_post_is_read_in_pieces() -> None:
    texts = [str(number) * 30_000 for number in range(10)]
    body = SEPARATOR.join(f"4{text}" for text in texts).encode()
    heard, source = take(body, len(body))
    assert heard == texts
    assert source.largest <= READ_BYTES


def test_complete_packets_of_an_incomplete_post_are_handled() -> None:
    texts = [str(number) * 30_000 for number in range(10)]
    body = SEPARATOR.join(f"4{text}" for text in texts).encode()
    heard, _ = take(body[:-1], len(body))
    assert heard == texts[:-1]
