"""Somebody who asks without a pause, from another network address than everybody else's.

Usage: attacker.py, with one JSON object in a line on its input. It has a "port", the number of
"connections", and one of these:

- "request" for HTTP, with "pause" to take a byte of each answer in so many seconds and no more, or
  "late" to send the last byte of each request so many seconds after the others;
- "token" and "event" for events of `/group` (`["sync", {…}]`), in which NEW stands for another text
  each time;
- "flood" for WebSockets that send a text, or PING frames, and wait for no answer: in `/group` with
  a "token", or with a "forwarded" address for whoever trusts it; a request behind PIPELINED goes
  out by HTTP.

With an "address" all but events come from another one. Prints "ready", goes on until its input
ends, and prints how often it was answered, by status or error code; of a flood, how many bytes were
sent and read.
"""

from __future__ import annotations

import itertools
import json
import queue
import selectors
import socket
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import websocket

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.wire import Closed, WireClient  # noqa: E402

ADDRESS = "127.0.0.2"
NEW = "NEW"
AT_ONCE = 16  # pieces of a flood
PING, PIPELINED = "PING", "PIPELINED "
STATUS = slice(9, 12)  # of the first line of an answer


def connect(port: int, address: str = ADDRESS) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), source_address=(address, 0))


def ask_by_http(
    port: int,
    connections: int,
    request: str,
    ended: threading.Event,
    late: float = 0.0,
    address: str = ADDRESS,
) -> Counter[str]:
    """Send a request on so many connections, again as soon as it is answered."""
    answers: Counter[str] = Counter()
    waiting = selectors.DefaultSelector()
    begun: list[socket.socket] = []  # without the last byte so far
    length = len(request) - 1 if late else len(request)

    def send(connection: socket.socket, text: str) -> None:
        with suppress(OSError):  # closed: seen when it is read
            connection.sendall(text.encode())

    def begin() -> None:
        connection = connect(port, address)
        waiting.register(connection, selectors.EVENT_READ, bytearray())
        ask(connection)

    def ask(connection: socket.socket) -> None:
        send(connection, request[:length])
        if late:
            begun.append(connection)

    for _ in range(connections):
        begin()
    print("ready", flush=True)
    ends_at = time.monotonic() + late
    while not ended.is_set():
        if begun and time.monotonic() > ends_at:
            for one in begun:
                send(one, request[length:])
            begun.clear()
            ends_at = time.monotonic() + late
        for key, _ in waiting.select(late or 0.2):
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
                ask(connection)
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
    sockets = [
        WireClient(f"http://127.0.0.1:{port}", connected=connect(port)) for _ in range(connections)
    ]
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


def flood(
    port: int,
    connections: int,
    flood: str,
    ended: threading.Event,
    token: str = "",
    forwarded: str = "",
    address: str = ADDRESS,
) -> Counter[str]:
    """Send a text, or what PING and PIPELINED stand for, as fast as it is taken; read all answers.

    Those whose connection is closed come again by and by.
    """
    counts: Counter[str] = Counter()
    waiting = selectors.DefaultSelector()
    piece = piece_of(flood)
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    come: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
    missing = threading.Semaphore(connections)
    clients: list[WireClient] = []  # or their sockets would be closed

    def open_one() -> socket.socket:
        if flood.startswith(PIPELINED):
            return connect(port, address)
        client = WireClient(f"http://127.0.0.1:{port}", headers, connect(port, address))
        clients.append(client)
        if token:
            client.connect("/group", token)
        return client.raw

    def open_missing() -> None:
        while missing.acquire() and not ended.is_set():
            try:
                connection = open_one()
            except (Closed, OSError, websocket.WebSocketException):
                missing.release()
                ended.wait(0.1)
                continue
            connection.setblocking(False)
            come.put(connection)

    threading.Thread(target=open_missing, daemon=True).start()
    for number in itertools.count(1):
        if number == connections:
            print("ready", flush=True)
        register(waiting, come.get())
        if number >= connections:
            break
    while not ended.is_set():
        while not come.empty():
            register(waiting, come.get())
        for key, _ in waiting.select(0.2):
            connection: Any = key.fileobj
            unsent: bytearray = key.data
            try:
                if len(unsent) < len(piece):
                    unsent += piece * AT_ONCE
                with suppress(BlockingIOError):
                    size = connection.send(unsent)
                    del unsent[:size]
                    counts["bytes sent"] += size
                with suppress(BlockingIOError):
                    answer = connection.recv(1 << 20)
                    if not answer:
                        raise ConnectionError
                    counts["bytes read"] += len(answer)
            except OSError:
                counts["closed"] += 1
                waiting.unregister(connection)
                connection.close()
                missing.release()
    return counts


def piece_of(flood: str) -> bytes:
    """Return the bytes that are sent again and again."""
    if flood.startswith(PIPELINED):
        return flood.removeprefix(PIPELINED).encode()
    opcode = websocket.ABNF.OPCODE_PING if flood == PING else websocket.ABNF.OPCODE_TEXT
    return bytes(websocket.ABNF.create_frame("" if flood == PING else flood, opcode).format())


def register(waiting: selectors.BaseSelector, connection: socket.socket) -> None:
    waiting.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE, bytearray())


def main() -> None:
    """Attack until the input ends."""
    wish = json.loads(sys.stdin.readline())
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    ask: Any = ask_by_http
    if "flood" in wish:
        ask = flood
    elif "event" in wish:
        ask = ask_by_events
    elif "pause" in wish:
        ask = read_slowly
    print(json.dumps(ask(**wish, ended=ended)), flush=True)


if __name__ == "__main__":
    main()
