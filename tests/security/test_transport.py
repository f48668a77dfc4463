"""What is done to the server below the level of requests: smuggled, half and endless ones."""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest
import requests

from tests.figures import Figures
from tests.servers import PATIENCE, Server
from tests.sockets.conftest import Member, message
from tests.stopwatch import Stopwatch, Took
from tests.wire import Closed, WireClient

People = Callable[..., list[Member]]

ANSWER_WITHIN = 5.0  # seconds, as promised for every event
HALF_OPEN = 200
PACKETS, MANY_PACKETS = 5_000, 200_000
SMUGGLED = b"GET /api/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


def exchange(server: Server, sent: bytes) -> bytes:
    """Send bytes and return all that comes until the server closes."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(sent)
        with suppress(OSError):  # it may have answered and hung up already
            connection.shutdown(socket.SHUT_WR)
        try:
            while chunk := connection.recv(65_536):
                answer += chunk
        except ConnectionResetError:
            return answer
    return answer


LENGTHS = [
    # What one reader takes for a body another could take for the next request.
    ["Content-Length: 0", "Transfer-Encoding: chunked"],
    ["Content-Length: %d", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Content-Length: 6"],
    ["Content-Length: %d", "Transfer-Encoding: identity"],
    ["Content-Length: %d", "Transfer-Encoding: xchunked"],
    ["Content-Length: %d", "Transfer-encoding: \tchunked"],
    ["Content-Length: 0", "Content-Length: %d"],
    ["Content-Length: %d", "Content-Length: 0"],
    ["Content-Length: %d", "Content-Length: %d"],
    ["Content-Length: 0, %d"],
    ["Content-Length: +%d"],
    ["Content-Length: -1"],
    ["Content-Length: 0x10"],
    ["Content-Length: 1_0"],
    ["Content-Length: "],
    ["Content-Length: \xb2"],
    ["Content-Length : %d"],
    ["Transfer-Encoding : chunked"],
    ["X: y", " Content-Length: 0", "Transfer-Encoding: chunked"],
]


@pytest.mark.parametrize("headers", LENGTHS, ids=repr)
def test_request_whose_end_is_in_doubt_is_refused_and_smuggles_nothing(
    server: Server, headers: list[str]
) -> None:
    lines = "\r\n".join(headers).replace("%d", str(len(SMUGGLED)))
    head = f"POST /api/session HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n".encode("latin-1")
    answer = exchange(server, head + b"0\r\n\r\n" + SMUGGLED)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 411 ")), answer
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert "smuggled" not in server.log()
    assert b"Traceback" not in answer


def test_request_that_can_not_be_read_is_not_quoted_in_the_log(server: Server) -> None:
    token = secrets.token_hex(8)
    for line in (f"GET /?token={token}", f"{token} / HTTP/1.1", f"GET /?t={token} HTTP/9.9", token):
        exchange(server, f"{line}\r\nHost: x\r\n{token}\r\n\r\n".encode())
    assert requests.get(f"{server.url}/health", timeout=60).status_code == 200
    assert token not in server.log()


def test_two_honest_requests_on_one_connection_are_both_answered(server: Server) -> None:
    body = json.dumps({"username": "x", "password": "y"}).encode()
    first = f"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = exchange(server, first + body + last)
    assert answer.startswith(b"HTTP/1.1 401 ") and b"HTTP/1.1 200 " in answer


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-",
        b"POST /api/session HTTP/1.1\r\nHost: x" b"\r\nContent-Length: 100\r\n\r\n{",
    ],
    ids=["nothing", "a line", "headers", "a body"],
)
def test_half_open_requests_do_not_stop_the_service(
    server: Server, people: People, begun: bytes
) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    with ExitStack() as stack:
        for _ in range(HALF_OPEN):
            address = ("127.0.0.1", server.port)
            half = stack.enter_context(socket.create_connection(address, timeout=PATIENCE))
            half.sendall(begun)
        watch = Stopwatch(server)
        assert requests.get(f"{server.url}/health", timeout=PATIENCE).status_code == 200
        client = ada.socket("/group")
        assert "data" in client.call("/group", "send_message", message(group))
        assert watch.seconds() < 2 * ANSWER_WITHIN


def slowest_while_flooded(people: People, server: Server, packets: int) -> tuple[Took, int]:
    """Let somebody send that many packets; return another's slowest ack and how many it got.

    Whoever floods may be put out, and then comes again.
    """
    ada, eve = people("ada", "eve")
    group = ada.create_group()
    talker = ada.socket("/group")
    acks = 0
    slowest = Took(0.0, 0.0)
    ended = threading.Event()
    readers: list[threading.Thread] = []

    def flood() -> None:
        number = 0
        try:
            while number < packets:
                flooder = eve.socket("/group")
                readers.append(threading.Thread(target=read, args=(flooder,), daemon=True))
                readers[-1].start()
                with suppress(Closed):
                    while number < packets:
                        payload = f'{{"room_id":"{group["id"]}"}}'
                        flooder.send_raw(f'42/group,{number}["typing",{payload}]')
                        number += 1
        finally:
            ended.set()

    def read(flooder: WireClient) -> None:
        with suppress(Closed, OSError):
            while not any(entry[2] == packets - 1 for entry in flooder.received):
                flooder.received.clear()
                flooder.read()

    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    while not ended.is_set():
        watch = Stopwatch(server)
        assert "data" in talker.call("/group", "send_message", message(group))
        slowest = max(slowest, watch.took(), key=lambda took: took.seconds)
        talker.received.clear()
        acks += 1
    for one in (thread, *readers):
        one.join(PATIENCE)
        assert not one.is_alive()
    return slowest, acks


def test_flood_of_one_client_leaves_others_their_answers(
    people: People, server: Server, figures: Figures
) -> None:
    slowest, acks = slowest_while_flooded(people, server, PACKETS)
    figures.add(f"{PACKETS:,} packets of one client", acked=acks, slowest=slowest.elapsed)
    assert slowest.seconds < ANSWER_WITHIN


@pytest.mark.torture
def test_long_flood_of_one_client_leaves_others_their_answers(
    people: People, server: Server, figures: Figures
) -> None:
    slowest, acks = slowest_while_flooded(people, server, MANY_PACKETS)
    figures.add(f"{MANY_PACKETS:,} packets of one client", acked=acks, slowest=slowest.elapsed)
    assert slowest.seconds < ANSWER_WITHIN


def test_pushes_and_answers_are_not_mixed_up_after_a_flood(people: People) -> None:
    (ada,) = people("ada")
    client: WireClient = ada.socket("/group")
    ids = [client.emit("/group", "sync", {"rooms": {}}) for _ in range(300)]
    for ack_id in ids:
        assert set(client.ack(ack_id)) in ({"data"}, {"error"})
