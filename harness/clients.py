"""Clients of a Socket.IO server over raw sockets, many in one thread.

They speak as much of WebSocket and Socket.IO as entering, talking and counting need: the rest of
the machine is for the server that is measured.
"""

from __future__ import annotations

import itertools
import json
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from harness.frames import encode, walk

BUFFER_BYTES = 1 << 20
IP_BIND_ADDRESS_NO_PORT = 24  # of Linux: the port is chosen on connecting, so that it may be shared
SOURCES = 8  # addresses 127.0.0.2 and on: each brings 28,000 ports of its own
AT_ONCE = 16  # connections on their way while many are made

UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
RESET_ON_CLOSE = struct.pack("ii", 1, 0)

_sources = itertools.cycle(f"127.0.0.{number + 2}" for number in range(SOURCES))


class LoadError(RuntimeError):
    """A measurement cannot go on; the text says why."""


class Loop:
    """Waits for the sockets of all clients and counts what they receive."""

    def __init__(self) -> None:
        self.pushes = 0
        self._epoll = select.epoll()
        self._clients: dict[int, Client] = {}
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)

    def run(self, until: Callable[[], bool], seconds: float) -> bool:
        """Serve the clients until `until` holds, which is returned, or so many seconds are over."""
        end = time.monotonic() + seconds
        while not until():
            left = end - time.monotonic()
            if left <= 0:
                return False
            for fd, event in self._epoll.poll(min(left, 0.05)):
                client = self._clients.get(fd)
                if client is not None:
                    client.ready(event)
        return True

    def require(self, until: Callable[[], bool], seconds: float, what: str) -> None:
        """Serve the clients until `until` holds; raises LoadError when it does not in time."""
        if not self.run(until, seconds):
            raise LoadError(f"{what}: not within {seconds:.0f} s")

    def enter(
        self, clients: Iterable[Client], at_once: int = AT_ONCE, seconds: float = 600
    ) -> None:
        """Connect clients and let them enter their namespaces, so many at the same time."""
        waiting, under_way = deque(clients), 0

        def entered() -> None:
            nonlocal under_way
            under_way -= 1

        def step() -> bool:
            nonlocal under_way
            while waiting and under_way < at_once:
                client = waiting.popleft()
                under_way += 1
                client.connect(entered)
            return not under_way

        self.require(step, seconds, "entering")

    def watch(self, client: Client, events: int) -> None:
        """Wait for these events of a client."""
        fd = client.fileno()
        if fd in self._clients:
            self._epoll.modify(fd, events)
        else:
            self._clients[fd] = client
            self._epoll.register(fd, events)

    def forget(self, client: Client) -> None:
        """Wait for nothing of a client any more."""
        if self._clients.pop(client.fileno(), None) is not None:
            self._epoll.unregister(client.fileno())

    def receive(self, client: Client) -> None:
        """Read what has arrived for a client and hand it over."""
        kept = len(client.rest)
        if kept * 2 > len(self._buffer):
            raise LoadError("a frame too large")
        self._buffer[:kept] = client.rest
        try:
            count = client.socket.recv_into(self._view[kept:])
        except BlockingIOError:
            return
        except OSError as error:
            raise LoadError(f"lost a connection: {error}") from error
        if not count:
            raise LoadError("lost a connection: the server closed it")
        end = kept + count
        if not client.is_upgraded:
            used = client.upgraded(bytes(self._buffer[:end]))
            end -= used
            self._buffer[:end] = self._buffer[used : used + end]
            if not used or not end:
                client.rest = bytes(self._buffer[:end])
                return
        try:
            pushes, used = walk(self._buffer, end, client.take)
        except ValueError as error:
            raise LoadError(f"lost a connection: {error}") from error
        client.pushes += pushes
        self.pushes += pushes
        client.rest = bytes(self._buffer[used:end])

    def close(self) -> None:
        """Close all clients at once, leaving nothing behind in the kernel."""
        for client in list(self._clients.values()):
            client.reset()
        self._view.release()
        self._epoll.close()


class Client:
    """One WebSocket that enters namespaces, one after the other, and counts the pushes it gets.

    `entries` are pairs of a namespace and the JSON to enter it with. `on_ack` is called with each
    ack's whole packet, `on_event` with that of each event but those of new messages, which are
    counted alone. Being disconnected raises LoadError.
    """

    def __init__(self, loop: Loop, port: int, entries: Sequence[tuple[str, str]]) -> None:
        self.pushes = 0
        self.rest = b""  # of what was received: the beginning of a frame
        self.is_upgraded = False
        self.on_ack: Callable[[bytes], object] = lambda _: None
        self.on_event: Callable[[bytes], object] = lambda _: None
        self._loop = loop
        self._port = port
        self._entries = entries
        self._entered = 0
        self._on_entered: Callable[[], object] = lambda: None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        return self.socket.fileno()

    def connect(self, on_entered: Callable[[], object]) -> None:
        """Begin to connect; `on_entered` is called when the last namespace was entered."""
        self._on_entered = on_entered
        self.socket.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        self.socket.bind((next(_sources), 0))
        self.socket.connect_ex(("127.0.0.1", self._port))
        self._loop.watch(self, select.EPOLLOUT)

    def ready(self, event: int) -> None:
        """Do what the socket is ready for."""
        if event & select.EPOLLOUT:
            self._loop.watch(self, select.EPOLLIN)
            self._send_all(UPGRADE % self._port)
        else:
            self._loop.receive(self)

    def upgraded(self, data: bytes) -> int:
        """Take the answer to the upgrade, if it is whole, and return how many bytes it had."""
        head, found, _ = data.partition(b"\r\n\r\n")
        if not found:
            return 0
        status = head.partition(b"\r\n")[0]
        if b" 101 " not in status:
            raise LoadError(f"no WebSocket: {status.decode()}")
        self.is_upgraded = True
        return len(head) + 4

    def send(self, payload: bytes) -> None:
        """Send one Engine.IO packet."""
        self._send_all(encode(payload))

    def take(self, payload: bytes) -> None:
        """Take a packet that is no pushed message."""
        if payload == b"2":
            self.send(b"3")
        elif payload.startswith(b"43"):
            self.on_ack(payload)
        elif payload.startswith(b"42"):
            self.on_event(payload)
        elif payload.startswith(b"40"):
            self._entered += 1
            self._enter_next()
        elif payload.startswith(b"0"):
            self._enter_next()
        else:
            raise LoadError(f"not let in: {payload.decode()}")

    def close(self) -> None:
        """Close the connection as a browser that goes away does."""
        self._loop.forget(self)
        self.socket.close()

    def reset(self) -> None:
        """Close the connection and let the kernel forget it at once."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.close()

    def _enter_next(self) -> None:
        if self._entered < len(self._entries):
            namespace, auth = self._entries[self._entered]
            self.send(f"40{namespace},{auth}".encode())
        else:
            self._on_entered()

    def _send_all(self, data: bytes) -> None:
        try:
            sent = self.socket.send(data)
        except OSError as error:
            raise LoadError(f"lost a connection: {error}") from error
        if sent < len(data):
            raise LoadError("the server does not read what it is sent")


def ack_id(packet: bytes, namespace: str) -> int:
    """Return the id of an ack, which must be a good one."""
    start = 2 + len(namespace) + 1
    end = packet.index(b"[", start)
    if not packet.startswith(b'[{"data"', end):
        raise LoadError(f"refused: {packet[end:end + 200].decode()}")
    return int(packet[start:end])


def event(namespace: str, number: int, name: str, payload: object) -> bytes:
    """Return the packet of an event that asks for an ack."""
    body = json.dumps([name, payload], separators=(",", ":"))
    return f"42{namespace},{number}{body}".encode()
