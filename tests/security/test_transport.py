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

from harness.servers import PATIENCE, Server
from tests.figures import Figures
from tests.sockets.conftest import Member, message
from tests.stopwatch import Stopwatch, Took
from tests.wire import Closed, WireClient

People = Callable[..., list[Member]]

ANSWER_WITHIN = 5.0  # seconds, as promised for every event
HALF_OPEN = 200
PACKETS, MANY_PACKETS = 5_000, 200_000
JSON_POST = b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
SMUGGLED = b"GET /api/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


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
    head = f"POST /api/session HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n\r\n".encode("latin-1")
    answer = exchange(server, head + b"0\r\n\r\n" + SMUGGLED)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 411 ")), answer
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert "smuggled" not in server.log()
    assert b"Traceback" not in answer


def get(server: Server, target: str, *headers: str, version: str = "HTTP/1.1") -> bytes:
    """Return the answer to a GET with exactly these headers."""
    lines = [f"GET {target} {version}", *headers, "Connection: close", "", ""]
    return exchange(server, "\r\n".join(lines).encode())


def error_in(answer: bytes) -> dict[str, str]:
    """Return the error in the envelope of an answer, which is the only one."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1 and b"Connection: close" in head, answer
    error: dict[str, str] = json.loads(body)["error"]
    assert {"code", "message"} <= set(error)
    return error


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="',
        "multipart/form-data; boundary=----x",
        "multipart/mixed; boundary*0*=x'y'%zz; boundary*1*=%ff",
        "message/rfc822",
        "message/delivery-status",
        "nonsense",
        ";",
    ],
)
def test_any_content_type_is_no_reason_to_hang_up(server: Server, kind: str) -> None:
    answer = get(server, "/health", "Host: localhost", f"Content-Type: {kind}")
    assert answer.startswith(b"HTTP/1.1 200 ")
    head = f"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
    posted = exchange(server, f"{head}Connection: close\r\nContent-Length: 1\r\n\r\nx".encode())
    assert posted.startswith(b"HTTP/1.1 415 ")
    assert error_in(posted)["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    ("target", "headers", "status", "code"),
    [
        ("/health", ["Host: localhost", "Content-Length: x"], 400, "validation_error"),
        ("/health", ["Host: localhost", "Content-Length: -1"], 400, "validation_error"),
        ("/health", ["Host: localhost", "Transfer-Encoding: gzip"], 501, "validation_error"),
        ("/health", ["Host: localhost", "nonsense"], 400, "validation_error"),
        ("/health", ["Host: localhost", ": nonsense"], 400, "validation_error"),
        ("/health", ["Host: localhost", "Cookie: " + "a" * 9_000], 431, "payload_too_large"),
        ("/health", ["Host: localhost", *["A: b"] * 200], 431, "payload_too_large"),
        ("/health", ["Host: localhost", *["A: " + "b" * 8_000] * 9], 431, "payload_too_large"),
        ("/" + "a" * 9_000, ["Host: localhost"], 414, "payload_too_large"),
        ("/a b", ["Host: localhost"], 400, "validation_error"),
        ("health", ["Host: localhost"], 400, "validation_error"),
        ("/health", [], 400, "validation_error"),
        ("/health", ["Host: localhost", "Host: localhost"], 400, "validation_error"),
        ("/health", ["Host: localhost", "Host: y"], 400, "validation_error"),
        ("/health", ["Host:"], 400, "validation_error"),
        ("/health", ["Host: a b"], 400, "validation_error"),
        ("/health", ["Host: x/y"], 400, "validation_error"),
        ("http://x/health", [], 400, "validation_error"),
        ("http:///health", ["Host: localhost"], 400, "validation_error"),
        ("http://me@x/health", ["Host: localhost"], 400, "validation_error"),
        ("ftp://x/health", ["Host: localhost"], 400, "validation_error"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_never_reaches_the_application_is_refused_in_the_envelope(
    server: Server, target: str, headers: list[str], status: int, code: str
) -> None:
    answer = get(server, target, *headers)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert error_in(answer)["code"] == code


def test_a_refusal_is_in_the_language_of_who_asks(server: Server) -> None:
    answers = [
        error_in(
            get(
                server,
                "/health",
                f"Accept-Language: {language}",
                "Host: localhost",
                "Host: localhost",
            )
        )
        for language in ("en", "zh")
    ]
    assert answers[0]["message"] == "Some of the input is not valid."
    assert answers[1]["message"] == "输入有误，请检查后重试。"


@pytest.mark.parametrize(
    "headers",
    [
        ["Cookie: \u00ff=;;=;"],
        ["Authorization: Bearer \u00ff"],
        ["Authorization: Digest a="],
        ["Accept-Language: \u00ff;q=x,,;"],
        ["Content-Encoding: gzip"],
        ["Expect: 200-maybe"],
        ["If-Modified-Since: never", 'If-None-Match: "'],
        ["Range: bytes=9999-"],
        ["X-Forwarded-For: \u00ff"],
    ],
    ids=repr,
)
def test_odd_headers_keep_nobody_from_an_answer(server: Server, headers: list[str]) -> None:
    assert get(server, "/health", "Host: localhost", *headers).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "target",
    ["/%", "/%zz", "/%ff%00", "/api/%e6", "/caf\u00e9", "/voil\u00e0", "/\u6c49", "/a%0d%0ab"],
)
def test_odd_paths_are_not_found(server: Server, target: str) -> None:
    answer = get(server, target, "Host: localhost")
    assert answer.startswith(b"HTTP/1.1 404 ") and error_in(answer)["code"] == "not_found"


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("http://{host}/health", "localhost"),
        ("HTTP://{host}/health?q=1", "192.0.2.7"),
        ("https://{host}/health", "[::1]:5000"),
        ("ws://{host}/health", "my_host.localhost:3000"),
    ],
)
def test_a_target_in_absolute_form_is_understood(server: Server, target: str, host: str) -> None:
    answer = get(server, target.format(host=host), f"Host: {host}")
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_the_host_of_an_absolute_target_is_the_one_that_counts(server: Server) -> None:
    answer = get(server, "http://one.localhost", "Host: other.localhost").decode()
    assert answer.startswith("HTTP/1.1 200 ")
    assert "ws://one.localhost" in answer and "other.localhost" not in answer


def test_an_old_client_names_no_host(server: Server) -> None:
    assert get(server, "/health", version="HTTP/1.0").startswith(b"HTTP/1.1 200 ")


def test_a_body_in_chunks_is_taken_by_the_api(server: Server) -> None:
    head = JSON_POST + b"Transfer-Encoding: Chunked\r\n\r\n"
    body = b'{"username": "nobody", "password": "nothing at all"}'
    pieces = b"".join(b"%x\r\n%b\r\n" % (1, body[n : n + 1]) for n in range(len(body)))
    last = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = exchange(server, head + pieces + b"0\r\n\r\n" + last)
    assert answer.startswith(b"HTTP/1.1 401 ") and b"HTTP/1.1 200 " in answer


def test_chunks_of_more_than_a_body_may_have_are_payload_too_large(server: Server) -> None:
    head = JSON_POST + b"Transfer-Encoding: chunked\r\n\r\n"
    pieces = (b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 5
    answer = exchange(server, head + pieces + b"0\r\n\r\n" + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert error_in(answer)["code"] == "payload_too_large"
    assert "smuggled" not in server.log()


def test_request_that_cannot_be_read_is_not_quoted_in_the_log(server: Server) -> None:
    token = secrets.token_hex(8)
    for line in (f"GET /?token={token}", f"{token} / HTTP/1.1", f"GET /?t={token} HTTP/9.9", token):
        exchange(server, f"{line}\r\nHost: localhost\r\n{token}\r\n\r\n".encode())
    assert requests.get(f"{server.url}/health", timeout=60).status_code == 200
    assert token not in server.log()


def test_two_honest_requests_on_one_connection_are_both_answered(server: Server) -> None:
    body = json.dumps({"username": "x", "password": "y"}).encode()
    first = JSON_POST + b"Content-Length: %d\r\n\r\n" % len(body)
    last = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = exchange(server, first + body + last)
    assert answer.startswith(b"HTTP/1.1 401 ") and b"HTTP/1.1 200 " in answer


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-",
        b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
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
