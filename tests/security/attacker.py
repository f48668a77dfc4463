"""Somebody who asks without a pause, from another network address than everybody else's.

Usage: attacker.py, with one JSON object in a line on its input:
`{"port", "connections", "request"}` for HTTP, with `"pause"` too to take a byte of each answer in
so many seconds and no more, or `{"port", "connections", "token", "event"}` for events of `/group`
(`["sync", {…}]`), in which NEW stands for another text each time. Prints "ready", goes on until its
input ends, and prints how often it was answered, by status or error code.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.wire import Closed, WireClient  # noqa: E402

ADDRESS = "127.0.0.2"
NEW = "NEW"
STATUS = slice(9, 12)  # of the first line of an answer


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), source_address=(ADDRESS, 0))


def ask_by_http(port: int, connections: int, request: str, ended: threading.Event) -> Counter[str]:
    """Send a request on so many connections, again as soon as it is answered."""
    answers: Counter[str] = Counter()
    waiting = selectors.DefaultSelector()

    def begin() -> None:
        connection = connect(port)
        waiting.register(connection, selectors.EVENT_READ, bytearray())
        connection.sendall(request.encode())

    for _ in range(connections):
        begin()
    print("ready", flush=True)
    while not ended.is_set():
        for key, _ in waiting.select(0.2):
            connection: Any = key.fileobj
            received: bytearray = key.data
            try:
                piece = connection.recv(1 << 20)
            except OSError:
                piece = b""
            if not piece:
                answers["closed"] += 1
                waiting.unregister(connection)
                connection.close()
                begin()
                continue
            received += piece
            if is_whole(received):
                answers[received[STATUS].decode()] += 1
                received.clear()
                with suppress(OSError):  # closed: seen when it is read
                    connection.sendall(request.encode())
    for key in list(waiting.get_map().values()):
        connection = key.fileobj
        connection.close()
    return answers


def read_slowly(
    port: int, connections: int, request: str, pause: float, ended: threading.Event
) -> Counter[str]:
    """Send a request on so many connections, and take a byte of each answer now and then."""
    answers: Counter[str] = Counter()

    def begin() -> socket.socket:
        connection = connect(port)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(request.encode())
        connection.setblocking(False)
        return connection

    readers: dict[socket.socket, bytearray] = {begin(): bytearray() for _ in range(connections)}
    print("ready", flush=True)
    while not ended.wait(pause):
        for connection, received in list(readers.items()):
            try:
                piece = connection.recv(1 if len(received) >= STATUS.stop else STATUS.stop)
            except BlockingIOError:
                continue
            except OSError:
                piece = b""
            if not piece:  # refused and closed, or given up for being slow
                del readers[connection]
                connection.close()
                answers["closed"] += 1
                readers[begin()] = bytearray()
            elif not received:
                answers[piece[STATUS].decode()] += 1
            received += piece
    for connection in readers:
        connection.close()
    return answers


def is_whole(answer: bytes | bytearray) -> bool:
    """Tell whether an answer with a length is complete."""
    head, end, body = bytes(answer).partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
    return bool(end) and len(body) >= int(length or 0)


def ask_by_events(
    port: int, connections: int, token: str, event: list[Any], ended: threading.Event
) -> Counter[str]:
    """Emit an event on so many sockets, again as soon as it is answered."""
    answers: Counter[str] = Counter()
    text = json.dumps(event)
    sockets = [WireClient(f"http://127.0.0.1:{port}") for _ in range(connections)]
    for one in sockets:
        one.connect("/group", token)

    def ask(client: WireClient) -> None:
        for number in range(1_000_000):
            if ended.is_set():
                return
            try:
                new = text.replace(NEW, f"{id(client)}-{number}")
                client.send_raw(f"42/group,{number}{new}")
                answer = client.ack(number)
            except (Closed, OSError):
                answers["closed"] += 1
                return
            client.received.clear()
            answers["data" if "data" in answer else answer["error"]["code"]] += 1

    for one in sockets:
        threading.Thread(target=ask, args=(one,), daemon=True).start()
    print("ready", flush=True)
    ended.wait()
    for one in sockets:
        one.close()
    return answers


def main() -> None:
    """Attack until the input ends."""
    wish = json.loads(sys.stdin.readline())
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    ask: Any = ask_by_http
    if "event" in wish:
        ask = ask_by_events
    elif "pause" in wish:
        ask = read_slowly
    print(json.dumps(ask(**wish, ended=ended)), flush=True)


if __name__ == "__main__":
    main()
