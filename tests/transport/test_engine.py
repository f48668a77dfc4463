"""The Engine.IO protocol from outside: polling, WebSocket, and the upgrade between them."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
import websocket

from tests.transport.conftest import Serve

TIMEOUT = 60  # seconds to wait on a busy machine
Dial = Callable[..., websocket.WebSocket]

# The Engine.IO layer has no namespaces, so all clients are unjoined.
UNJOINED = ("--unjoined-seconds", 60, "--unjoined-bytes", 1_000_000)
PING_INTERVAL, PING_TIMEOUT = 0.3, 3.0  # time to answer, also on a busy machine
SEPARATOR = "\x1e"


@pytest.fixture(scope="module")
def echo(serve: Serve) -> str:
    """The Engine.IO layer alone, which echoes every message."""
    return serve("--plain", "--binary", *UNJOINED)


@pytest.fixture(scope="module")
def impatient(serve: Serve) -> str:
    """The same, with frequent pings."""
    pings = ("--ping-interval", PING_INTERVAL, "--ping-timeout", PING_TIMEOUT)
    return serve("--plain", *UNJOINED, *pings)


def url(address: str, sid: str = "", **query: str) -> str:
    named = {"EIO": "4", "transport": "polling", **({"sid": sid} if sid else {}), **query}
    return f"http://{address}/engine.io/?" + "&".join(f"{k}={v}" for k, v in named.items())


def open_polling(address: str) -> str:
    found: str = json.loads(requests.get(url(address), timeout=TIMEOUT).text[1:])["sid"]
    return found


def poll(address: str, sid: str) -> requests.Response:
    return requests.get(url(address, sid), timeout=TIMEOUT)


def post(address: str, sid: str, body: str | bytes) -> requests.Response:
    return requests.post(url(address, sid), data=body, timeout=TIMEOUT)


@pytest.fixture
def dial() -> Iterator[Dial]:
    """A function that opens a WebSocket, for a new session or for the upgrade of a polling one."""
    with ExitStack() as stack:

        def connect(address: str, sid: str = "") -> websocket.WebSocket:
            link = url(address, sid, transport="websocket").replace("http", "ws", 1)
            client = websocket.create_connection(link, timeout=TIMEOUT, suppress_origin=True)
            stack.callback(client.shutdown)
            return client

        yield connect


def wait_closed(client: websocket.WebSocket) -> int | None:
    """Read until the server closes and return its close code."""
    while True:
        try:
            opcode, frame = client.recv_data(control_frame=True)
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(frame[:2], "big") if frame else None


def test_the_handshake_contains_the_parameters(impatient: str, dial: Dial) -> None:
    by_polling = requests.get(url(impatient), timeout=TIMEOUT).text
    by_websocket = dial(impatient).recv()
    for opened, upgrades in ((by_polling, ["websocket"]), (str(by_websocket), [])):
        assert opened[0] == "0"
        terms = json.loads(opened[1:])
        assert terms.pop("sid")
        assert terms == {
            "upgrades": upgrades,
            "pingInterval": int(PING_INTERVAL * 1000),
            "pingTimeout": int(PING_TIMEOUT * 1000),
            "maxPayload": 1_000_000,
        }


@pytest.mark.parametrize(
    "query",
    [{"EIO": "abc"}, {"EIO": "3"}, {"transport": "abc"}, {"sid": "unknown"}],
    ids=lambda query: "-".join(query),
)
def test_invalid_requests_are_refused(echo: str, query: dict[str, str]) -> None:
    assert requests.get(url(echo, **query), timeout=TIMEOUT).status_code == 400


def test_posting_without_a_session_is_refused(echo: str) -> None:
    assert requests.post(url(echo), timeout=TIMEOUT).status_code == 400
    assert requests.put(url(echo), timeout=TIMEOUT).status_code in (400, 405)


@pytest.mark.parametrize(
    "payload", ["4hello", SEPARATOR.join(["4test1", "4test2", "4é€"]), "4hello\x1ebAQIDBA=="]
)
def test_a_poll_returns_the_echo_of_a_post(echo: str, payload: str) -> None:
    sid = open_polling(echo)
    answer = post(echo, sid, payload.encode())
    assert (answer.status_code, answer.text.lower()) == (200, "ok")
    back = poll(echo, sid)
    back.encoding = "utf-8"
    assert back.text == payload


def test_more_packets_than_the_stock_server_accepts_are_accepted(echo: str) -> None:
    sid = open_polling(echo)
    packets = [f"4{number}" for number in range(500)]
    assert post(echo, sid, SEPARATOR.join(packets)).status_code == 200
    answered: list[str] = []
    while len(answered) < len(packets):
        some = poll(echo, sid).text.split(SEPARATOR)
        assert len(some) <= 16  # python-engineio's client closes the connection after more
        answered += some
    assert answered == packets


@pytest.mark.parametrize("body", [b"abc", b"", b"bnot base64!", b"4\xff\xfe"])
def test_an_invalid_post_ends_the_session(echo: str, body: bytes) -> None:
    sid = open_polling(echo)
    assert post(echo, sid, body).status_code == 400
    assert poll(echo, sid).status_code == 400


def test_two_polls_at_once_end_the_session(echo: str) -> None:
    sid = open_polling(echo)
    answers: list[requests.Response] = []
    first = threading.Thread(target=lambda: answers.append(poll(echo, sid)))
    first.start()
    # The later of the two polls is refused, and that ends the session.
    answers.append(poll(echo, sid))
    first.join(TIMEOUT)
    assert sorted((found.status_code, found.text[:1]) for found in answers) == [
        (200, "6"),
        (400, '"'),
    ]
    assert poll(echo, sid).status_code == 400


def test_a_client_ends_its_session_by_polling(echo: str) -> None:
    sid = open_polling(echo)
    assert post(echo, sid, "1").status_code == 200
    assert poll(echo, sid).status_code == 400


def test_a_websocket_echoes_text_and_bytes(echo: str, dial: Dial) -> None:
    client = dial(echo)
    client.recv()
    client.send("4hello €")
    assert client.recv() == "4hello €"
    client.send_binary(b"\x01\x02\x00")
    assert client.recv() == b"\x01\x02\x00"
    client.send("4" + "x" * 200_000)
    assert client.recv() == "4" + "x" * 200_000
    client.close()


def test_ping_frames_of_the_websocket_are_answered(echo: str, dial: Dial) -> None:
    client = dial(echo)
    client.recv()
    client.ping("are you there")
    opcode, frame = client.recv_data(control_frame=True)
    assert (opcode, frame) == (websocket.ABNF.OPCODE_PONG, b"are you there")


def test_a_close_frame_is_answered_with_its_code(echo: str, dial: Dial) -> None:
    client = dial(echo)
    client.recv()
    client.send_close(4321)
    assert wait_closed(client) == 4321


@pytest.mark.parametrize("text", ["abc", "1", "", "0{}", "9"])
def test_an_invalid_message_ends_the_websocket(echo: str, text: str, dial: Dial) -> None:
    client = dial(echo)
    client.recv()
    client.send(text)
    wait_closed(client)


def test_websocket_clients_are_pinged(impatient: str, dial: Dial) -> None:
    client = dial(impatient)
    client.recv()
    for _ in range(3):
        assert client.recv() == "2"
        client.send("3")
    wait_closed(client)  # it answers no more


def test_polling_clients_are_pinged(impatient: str) -> None:
    sid = open_polling(impatient)
    for _ in range(2):
        assert poll(impatient, sid).text == "2"
        assert post(impatient, sid, "3").status_code == 200
    assert poll(impatient, sid).text == "2"
    last = poll(impatient, sid)  # waits until the session ends
    assert (last.status_code, last.text) in [(200, "6"), (400, '"Bad Request"')]
    assert poll(impatient, sid).status_code == 400


def test_an_upgrade_keeps_messages_sent_meanwhile(echo: str, dial: Dial) -> None:
    sid = open_polling(echo)
    client = dial(echo, sid)
    client.send("2probe")
    assert client.recv() == "3probe"
    assert post(echo, sid, "4by the old way").status_code == 200
    assert poll(echo, sid).text == "6"  # the waiting poll ends
    client.send("5")
    assert client.recv() == "4by the old way"
    client.send("4by the new one")
    assert client.recv() == "4by the new one"
    assert poll(echo, sid).status_code == 400
    with pytest.raises(websocket.WebSocketBadStatusException):
        dial(echo, sid)


def test_an_upgrade_ends_a_waiting_poll(echo: str, dial: Dial) -> None:
    sid = open_polling(echo)
    answers: list[str] = []
    waiting = threading.Thread(target=lambda: answers.append(poll(echo, sid).text))
    waiting.start()
    client = dial(echo, sid)
    client.send("2probe")
    assert client.recv() == "3probe"
    waiting.join(TIMEOUT)
    assert answers == ["6"]
    client.send("5")
    client.send("4on")
    assert client.recv() == "4on"


def test_an_abandoned_upgrade_leaves_polling_working(echo: str, dial: Dial) -> None:
    sid = open_polling(echo)
    client = dial(echo, sid)
    client.send("2probe")
    assert client.recv() == "3probe"
    client.close()
    assert post(echo, sid, "4still here").status_code == 200
    deadline = time.monotonic() + TIMEOUT
    while (text := poll(echo, sid).text) == "6" and time.monotonic() < deadline:
        continue
    assert text == "4still here"


@pytest.mark.parametrize("first", ["hello", "5", "4message"])
def test_a_second_transport_must_probe_first(echo: str, first: str, dial: Dial) -> None:
    sid = open_polling(echo)
    client = dial(echo, sid)
    client.send(first)
    wait_closed(client)
    assert post(echo, sid, "4still here").status_code == 200
    assert poll(echo, sid).text == "4still here"


@pytest.mark.parametrize(
    ("header", "status"),
    [("Sec-WebSocket-Version: 12", 426), ("Sec-WebSocket-Key: short", 400)],
)
def test_handshakes_of_other_protocols_are_refused(echo: str, header: str, status: int) -> None:
    headers = {
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
        **dict([header.split(": ")]),
    }
    answer = _ask(echo, {"Upgrade": "websocket", "Connection": "Upgrade", **headers})
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert (b"Sec-Websocket-Version: 13" in answer) == (status == 426)


def _ask(address: str, headers: dict[str, Any]) -> bytes:
    host, port = address.split(":")
    lines = [f"{name}: {value}" for name, value in {"Host": address, **headers}.items()]
    request = "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\n" + "\r\n".join(lines)
    with socket.create_connection((host, int(port)), timeout=TIMEOUT) as connection:
        connection.sendall(request.encode() + b"\r\n\r\n")
        return connection.recv(65_536)
