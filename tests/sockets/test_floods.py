"""One client that sends without end costs the others little."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from harness.servers import PATIENCE, Server
from tests.sockets.conftest import Member, message
from tests.stopwatch import Stopwatch
from tests.wire import Closed, WireClient

People = Callable[..., list[Member]]

ANSWER_WITHIN = 5.0  # seconds, as promised for every event


@contextmanager
def flood(client: WireClient, frame: str) -> Iterator[None]:
    """Send the same frame again and again from a thread of its own, reading nothing."""
    ended = threading.Event()

    def send() -> None:
        try:
            while not ended.is_set():
                client.send_raw(frame)
        except Closed:
            return

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        client.close()
        thread.join(PATIENCE)


@pytest.mark.parametrize("frame", ['42/group,["x"]', '42/group,["sync",{"rooms":{}}]'])
@pytest.mark.parametrize("known", [False, True])
def test_flood_of_events_lets_others_talk(
    people: People, server: Server, frame: str, known: bool
) -> None:
    ada, eve = people("ada", "eve")
    group = ada.create_group()
    client = ada.socket("/group")
    with flood(eve.socket(*["/group"] if known else []), frame):
        until = time.monotonic() + 2
        while time.monotonic() < until:
            watch = Stopwatch(server)
            assert "data" in client.call("/group", "send_message", message(group))
            assert watch.seconds() < ANSWER_WITHIN
        watch = Stopwatch(server)
        assert requests.get(f"{server.url}/health", timeout=PATIENCE).status_code == 200
        assert watch.seconds() < ANSWER_WITHIN


def test_request_that_cannot_be_read_gets_a_bare_answer(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
    assert b"Python" not in answer and b"html" not in answer.lower().partition(b"\r\n\r\n")[2]
