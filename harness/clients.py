"""Clients of a Socket.IO server over raw sockets, many in one thread.

They implement only the parts of WebSocket and Socket.IO that connecting, sending and counting need,
so that they leave the processor to the measured server.
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
IP_BIND_ADDRESS_NO_PORT = 24  # of Linux: the port is chosen by `connect`, so it can be shared
SOURCES = 8  # source addresses from 127.0.0.2 on; each has 28,000 ports of its own
AT_ONCE = 16  # clients that connect at the same time

UPGRADE = (
    b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
RESET_ON_CLOSE = struct.pack("ii", 1, 0)

_sources = itertools.cycle(f"127.0.0.{number + 2}" for number in range(SOURCES))


class LoadError(RuntimeError):
    """A measurement had to stop; the text says why."""


class Loop:
    """Serves the sockets of all clients and counts the pushes that they receive."""

    def __init__(self) -> None:
        self.pushes = 0
        self._epoll = select.epoll()
        self._clients: dict[int, Client] = {}
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)

    def run(self, until: Callable[[], bool], seconds: float) -> bool:
        """Serve the clients until `until` is true; return False if it is not within `seconds`."""
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
        """Serve the clients until `until` is true; raise LoadError after `seconds`."""
        if not self.run(until, seconds):
            raise LoadError(f"{what}: not within {seconds:.0f} s")

    def enter(
        self, clients: Iterable[Client], at_once: int = AT_ONCE, seconds: float = 600
    ) -> None:
        """Connect clients to their namespaces, `at_once` of them at a time."""
        waiting, connecting = deque(clients), 0

        def entered() -> None:
            nonlocal connecting
            connecting -= 1

        def step() -> bool:
            nonlocal connecting
            while waiting and connecting < at_once:
                client = waiting.popleft()
                connecting += 1
                client.connect(entered)
            return not connecting

        self.require(step, seconds, "entering")

    def watch(self, client: Client, events: int) -> None:
        """Wait for these events of a client's socket."""
        fd = client.fileno()
        if fd in self._clients:
            self._epoll.modify(fd, events)
        else:
            self._clients[fd] = client
            self._epoll.register(fd, events)

    def forget(self, client: Client) -> None:
        """Stop waiting for events of a client's socket."""
        if self._clients.pop(client.fileno(), None) is not None:
            self._epoll.unregister(client.fileno())

    def receive(self, client: Client) -> None:
        """Read the data that has arrived for a client and pass on its packets."""
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
            pushes, used = walk(self._buffer, end, client.handle_packet)
        except ValueError as error:
            raise LoadError(f"lost a connection: {error}") from error
        client.pushes += pushes
        self.pushes += pushes
        client.rest = bytes(self._buffer[used:end])

    def close(self) -> None:
        """Close all clients at once, so that the kernel keeps nothing of their connections."""
        for client in list(self._clients.values()):
            client.reset()
        self._view.release()
        self._epoll.close()


class Client:
    """One WebSocket that connects to namespaces, one after the other, and counts its pushes.

    `entries` are pairs of a namespace and the JSON of its CONNECT. `on_ack` is called with the
    packet of each ack, `on_event` with the packet of each event except `message_created`, which is
    only counted. A disconnect raises LoadError.
    """

    path = b"/socket.io/?EIO=4&transport=websocket"

    def __init__(self, loop: Loop, port: int, entries: Sequence[tuple[str, str]]) -> None:
        self.pushes = 0
        self.rest = b""  # the received beginning of an incomplete frame
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
        """Start to connect; `on_entered` is called when all namespaces have accepted."""
        self._on_entered = on_entered
        self.socket.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        self.socket.bind((next(_sources), 0))
        self.socket.connect_ex(("127.0.0.1", self._port))
        self._loop.watch(self, select.EPOLLOUT)

    def ready(self, event: int) -> None:
        """Handle an event of the socket."""
        if event & select.EPOLLOUT:
            self._loop.watch(self, select.EPOLLIN)
            self._send_all(UPGRADE % (self.path, self._port))
        else:
            self._loop.receive(self)

    def upgraded(self, data: bytes) -> int:
        """Handle the response to the upgrade; return its size, or 0 while it is incomplete."""
        head, found, _ = data.partition(b"\r\n\r\n")
        if not found:
            return 0
        status = head.partition(b"\r\n")[0]
        if b" 101 " not in status:
            raise LoadError(f"no WebSocket: {status.decode()}")
        self.is_upgraded = True
        return len(head) + 4

    def send(self, payload: bytes) -> None:
        """Send one message of WebSocket: a packet of Engine.IO."""
        self._send_all(encode(payload))

    def handle_packet(self, payload: bytes) -> None:
        """Handle a packet other than a pushed message."""
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
            raise LoadError(f"refused: {payload.decode()}")

    def close(self) -> None:
        """Close the connection as a closing browser does."""
        self._loop.forget(self)
        self.socket.close()

    def reset(self) -> None:
        """Reset the connection, so that the kernel keeps nothing of it."""
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
    """Return the id of an ack; raise LoadError if the ack has an error."""
    start = 2 + len(namespace) + 1
    end = packet.index(b"[", start)
    if not packet.startswith(b'[{"data"', end):
        raise LoadError(f"refused: {packet[end:end + 200].decode()}")
    return int(packet[start:end])


def event(namespace: str, number: int, name: str, payload: object) -> bytes:
    """Return the packet of an event that asks for an ack."""
    body = json.dumps([name, payload], separators=(",", ":"))
    return f"42{namespace},{number}{body}".encode()
