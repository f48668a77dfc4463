"""The limits of one client, beyond which it is dropped."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
import requests
import websocket

from tests.transport.conftest import Serve

TIMEOUT = 60  # seconds to wait on a busy machine
LIMIT = 64 * 1024
CONTINUATION, TEXT, BINARY, CLOSE = 0, 1, 2, 8
MAX_CONNECTIONS = 40
UNJOINED_SECONDS = 3.0  # long enough to connect on a busy machine
SLOW_BYTES, MAX_UNSENT = 200_000, 2_000_000
FILL_KERNEL = 6_000_000  # the kernel buffers megabytes before frames stay unsent

Client = websocket.WebSocket
Dial = Callable[..., Client]


@pytest.fixture(scope="module")
def strict(serve: Serve) -> str:
    """An application with low limits."""
    bounds = ("--limit", LIMIT, "--connections", MAX_CONNECTIONS, "--max-unsent", MAX_UNSENT)
    return serve(*bounds, "--unjoined-seconds", UNJOINED_SECONDS, "--slow-seconds", 60)


@pytest.fixture(scope="module")
def impatient(serve: Serve) -> str:
    """An application with a high limit of unsent bytes and a short time for them."""
    return serve("--max-unsent", 1 << 30, "--slow-bytes", SLOW_BYTES, "--slow-seconds", 1)


@pytest.fixture
def dial() -> Iterator[Dial]:
    """A function that opens a WebSocket and by default enters the main namespace."""
    with ExitStack() as stack:

        def connect(address: str, enter: bool = True, receive_bytes: int = 0) -> Client:
            options = (
                [(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)] if receive_bytes else []
            )
            client = websocket.create_connection(
                f"ws://{address}/socket.io/?EIO=4&transport=websocket",
                timeout=TIMEOUT,
                suppress_origin=True,
                sockopt=options,
            )
            stack.callback(client.shutdown)
            client.recv()
            if enter:
                client.send("40")
                await_text(client, '42["auth"')
            return client

        yield connect


def await_text(client: Client, start: str) -> str:
    """Return the next text with a prefix, answering pings."""
    while True:
        text = str(client.recv())
        if text == "2":
            client.send("3")
        elif text.startswith(start):
            return text


def close_code(client: Client) -> int | None:
    """Read until the server closes; return its close code, or None without a close frame."""
    while True:
        try:
            opcode, frame = client.recv_data(control_frame=True)
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return None
        if opcode == CLOSE:
            return int(struct.unpack("!H", frame[:2])[0]) if frame else None


def send_frame(client: Client, payload: bytes, opcode: int, final: int) -> None:
    client.send_frame(websocket.ABNF(final, 0, 0, 0, opcode, 1, payload))


@pytest.mark.parametrize("enter", [False, True], ids=["stranger", "entered"])
def test_the_fragments_of_a_message_share_one_limit(strict: str, dial: Dial, enter: bool) -> None:
    client = dial(strict, enter)
    send_frame(client, b'42["message","', TEXT, 0)
    for _ in range(LIMIT // 8192):
        send_frame(client, b"x" * 8192, CONTINUATION, 0)
    assert close_code(client) == 1009


def test_a_frame_that_is_too_big_is_refused_by_its_header(strict: str, dial: Dial) -> None:
    client = dial(strict, enter=False)
    assert client.sock is not None
    client.sock.sendall(bytes([0x81, 0xFF]) + (1 << 30).to_bytes(8, "big") + b"mask")
    assert close_code(client) == 1009


def test_a_message_of_exactly_the_limit_is_accepted(strict: str, dial: Dial) -> None:
    client = dial(strict)
    around = len('42["message",""]')
    client.send('42["message","' + "x" * (LIMIT - around) + '"]')
    assert len(await_text(client, '42["message-back"')) == LIMIT + len("-back")


def test_binary_messages_are_refused(strict: str, dial: Dial) -> None:
    client = dial(strict)
    client.send_binary(b"\x04")
    assert close_code(client) == 1003


def test_polling_bodies_have_the_same_limit(strict: str) -> None:
    link = f"http://{strict}/socket.io/?EIO=4&transport=polling"
    sid = json.loads(requests.get(link, timeout=TIMEOUT).text[1:])["sid"]
    answer = requests.post(f"{link}&sid={sid}", data="4" + "x" * LIMIT, timeout=TIMEOUT)
    assert answer.status_code == 413


def test_a_client_that_joins_no_namespace_is_disconnected(strict: str, dial: Dial) -> None:
    started = time.monotonic()
    stranger, member = dial(strict, enter=False), dial(strict)
    assert close_code(stranger) == 1000
    assert UNJOINED_SECONDS <= time.monotonic() - started
    member.send('42["message","I am in"]')
    assert await_text(member, '42["message-back"') == '42["message-back","I am in"]'


def test_bytes_after_the_end_are_read_only_for_a_while(strict: str, dial: Dial) -> None:
    client = dial(strict, enter=False)
    assert close_code(client) == 1000
    assert client.sock is not None
    sent = 0
    with pytest.raises(ConnectionError):
        while sent < 10 * FILL_KERNEL:
            sent += client.sock.send(bytes(LIMIT))


def test_a_client_that_left_its_last_namespace_is_disconnected(strict: str, dial: Dial) -> None:
    client = dial(strict)
    client.send("41")
    assert close_code(client) == 1000


def ask(client: Client, event: str, *values: object) -> object:
    """Emit an event and return the value of its ack."""
    client.send("429" + json.dumps([event, *values]))
    return json.loads(await_text(client, "439")[3:])[0]


@pytest.mark.parametrize("address", ["strict", "impatient"])
def test_a_client_that_does_not_read_is_dropped(
    request: pytest.FixtureRequest, dial: Dial, address: str
) -> None:
    found = request.getfixturevalue(address)
    stuck, reader, talker = dial(found, receive_bytes=4096), dial(found), dial(found)
    for client in (stuck, reader):
        ask(client, "join", "hall")
    flood(talker, reader, FILL_KERNEL + MAX_UNSENT)
    deadline = time.monotonic() + TIMEOUT
    while ask(talker, "members", "hall") != 1 or ask(talker, "unsent") != 0:
        assert time.monotonic() < deadline
    ask(reader, "join", "lobby")  # it reads, so it was not dropped


def flood(talker: Client, reader: Client, size: int) -> None:
    """Push so many bytes to all clients in the channel, as fast as the reader reads them."""
    text, times = "x" * 20_000, 20
    for _ in range(size // len(text) // times):
        talker.send(f'428["tell","hall","{text}",{times}]')
        for number in range(times):
            assert f'"number":{number},' in await_text(reader, '42["told"')
        await_text(talker, "438")


def test_a_connection_beyond_the_limit_is_refused_at_once(strict: str, dial: Dial) -> None:
    held = [dial(strict) for _ in range(MAX_CONNECTIONS - 1)]
    with closing(requests.Session()) as session:
        link = f"http://{strict}/socket.io/?EIO=4&transport=abc"
        assert session.get(link, timeout=TIMEOUT).status_code == 400  # the last one, kept open
        started = time.monotonic()
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            dial(strict)
        assert refused.value.status_code == 503
        assert time.monotonic() - started < TIMEOUT / 4  # and not only when a connection ends
    held.pop().shutdown()
    held.pop().shutdown()
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        try:
            dial(strict)
            return
        except websocket.WebSocketBadStatusException:
            continue
    raise AssertionError("nobody was let in after two had left")
