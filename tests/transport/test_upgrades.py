"""The upgrade of a polling session: one probing WebSocket at a time, with a deadline."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import requests
import websocket

from tests.transport.conftest import Serve

TIMEOUT = 60  # seconds to wait on a busy machine
UNJOINED_SECONDS = 3.0  # long enough to connect on a busy machine

Dial = Callable[[str], websocket.WebSocket]


@pytest.fixture(scope="module")
def patient(serve: Serve) -> str:
    """An application that disconnects no unjoined client."""
    return serve("--unjoined-seconds", 600)


@pytest.fixture(scope="module")
def strict(serve: Serve) -> str:
    """An application that soon disconnects unjoined clients."""
    return serve("--unjoined-seconds", UNJOINED_SECONDS)


@pytest.fixture
def dial() -> Iterator[Dial]:
    """A function that opens a WebSocket at a session's address."""
    with ExitStack() as stack:

        def connect(link: str) -> websocket.WebSocket:
            address = link.replace("http", "ws", 1).replace("polling", "websocket")
            client = websocket.create_connection(address, timeout=TIMEOUT, suppress_origin=True)
            stack.callback(client.shutdown)
            return client

        yield connect


def open_polling(address: str) -> str:
    """Open a session and return its address."""
    link = f"http://{address}/socket.io/?EIO=4&transport=polling"
    sid = json.loads(requests.get(link, timeout=TIMEOUT).text[1:])["sid"]
    return f"{link}&sid={sid}"


def enter(link: str) -> None:
    """Connect to the main namespace and wait for the answer."""
    assert requests.post(link, data="40", timeout=TIMEOUT).status_code == 200
    came = ""
    while '42["auth"' not in came:
        came += requests.get(link, timeout=TIMEOUT).text


def await_close(client: websocket.WebSocket) -> int | None:
    """Read until the server closes; return its close code, or None without a close frame."""
    while True:
        try:
            opcode, frame = client.recv_data(control_frame=True)
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(frame[:2], "big") if frame else None


def test_one_websocket_at_a_time_may_probe(patient: str, dial: Dial) -> None:
    link = open_polling(patient)
    first = dial(link)
    for _ in range(3):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            dial(link)
        assert refused.value.status_code == 426
    first.send("nothing of the kind")
    await_close(first)
    second = dial(link)
    second.send("2probe")
    assert second.recv() == "3probe"


def test_a_websocket_that_does_not_complete_its_upgrade_is_closed(strict: str, dial: Dial) -> None:
    link = open_polling(strict)
    enter(link)
    silent = dial(link)
    assert await_close(silent) == 1000
    half = dial(link)
    half.send("2probe")
    assert half.recv() == "3probe"
    assert await_close(half) == 1000
    assert requests.post(link, data='42["message",1]', timeout=TIMEOUT).status_code == 200
    deadline = time.monotonic() + TIMEOUT
    while '"message-back"' not in requests.get(link, timeout=TIMEOUT).text:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("first", ["", "2probe"])
def test_a_probing_websocket_ends_with_its_session(patient: str, dial: Dial, first: str) -> None:
    link = open_polling(patient)
    client = dial(link)
    if first:
        client.send(first)
        assert client.recv() == "3probe"
    assert requests.post(link, data="1", timeout=TIMEOUT).status_code == 200
    assert (
        await_close(client) is None
    )  # python-socketio takes a close frame for the answer to its probe


def test_pings_of_a_probing_websocket_are_answered_on_it(patient: str, dial: Dial) -> None:
    link = open_polling(patient)
    client = dial(link)
    client.ping("are you there")
    assert client.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_PONG, b"are you there")
    requests.post(link, data="40/nowhere,", timeout=TIMEOUT)
    assert requests.get(link, timeout=TIMEOUT).text.startswith("44/nowhere,")


def test_an_upgrade_header_alone_is_no_upgrade(patient: str) -> None:
    link = f"http://{patient}/socket.io/?EIO=4&transport=websocket"
    answer = requests.get(
        link, headers={"Upgrade": "websocket", "Connection": "keep-alive"}, timeout=TIMEOUT
    )
    assert answer.status_code == 400


def test_a_client_that_is_refused_again_and_again_is_disconnected(strict: str, dial: Dial) -> None:
    client = dial(f"http://{strict}/socket.io/?EIO=4&transport=polling")
    client.recv()
    deadline = time.monotonic() + TIMEOUT
    with pytest.raises((websocket.WebSocketException, OSError)):
        while time.monotonic() < deadline:
            client.send("40/closed,")
            while not str(answer := client.recv()).startswith("44/closed,"):
                if answer in ("1", ""):
                    raise websocket.WebSocketException("closed")


def test_a_client_that_waits_for_its_answer_is_not_disconnected(strict: str, dial: Dial) -> None:
    client = dial(f"http://{strict}/socket.io/?EIO=4&transport=polling")
    client.recv()
    client.send(f'40/slow,{{"seconds":{2 * UNJOINED_SECONDS}}}')
    assert str(client.recv()).startswith("40/slow,")


def test_an_unjoined_client_has_a_small_limit_of_unsent_bytes(patient: str) -> None:
    link = open_polling(patient)
    requests.post(link, data="\x1e".join(["40/nowhere,"] * 1_000), timeout=TIMEOUT)
    assert requests.get(link, timeout=TIMEOUT).status_code == 400


@pytest.mark.parametrize("offered", [["x"], ["chat.v1", "y"]])
@pytest.mark.parametrize("beside_polling", [False, True])
def test_the_first_subprotocol_is_accepted(
    patient: str, offered: list[str], beside_polling: bool
) -> None:
    link = open_polling(patient) if beside_polling else f"http://{patient}/socket.io/?EIO=4"
    link = link.replace("http", "ws", 1).replace("&transport=polling", "")
    client = websocket.create_connection(
        f"{link}&transport=websocket", timeout=TIMEOUT, suppress_origin=True, subprotocols=offered
    )
    assert client.getsubprotocol() == offered[0]
    client.shutdown()


@pytest.mark.parametrize("offered", ["", "a b", "a,", "a,a", "a;b", "ä"])
def test_an_invalid_subprotocol_is_refused(patient: str, offered: str) -> None:
    answer = requests.get(
        f"http://{patient}/socket.io/?EIO=4&transport=websocket",
        headers={
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Protocol": offered.encode(),
        },
        timeout=TIMEOUT,
    )
    assert answer.status_code == 400
