"""A Socket.IO client that hides nothing: packets as they come, and anything to send."""

from __future__ import annotations

import itertools
import json
import socket
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

import websocket

TIMEOUT = 90.0  # seconds to wait for what must come; no test's promise


class Closed(Exception):
    """The server closed the connection."""


class WireClient:
    """One WebSocket connection; everything received is kept in `received`, in order.

    An entry is `(kind, namespace, id, data)`; kinds are the numbers of the Socket.IO protocol.
    `packets` are the same as text.
    """

    CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR = range(5)

    def __init__(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        connected: socket.socket | None = None,
    ) -> None:
        address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        self._socket = websocket.create_connection(
            address, timeout=TIMEOUT, header=headers or {}, suppress_origin=True, socket=connected
        )
        self.received: list[tuple[int, str, int | None, Any]] = []
        self.packets: list[str] = []
        self._ids = itertools.count(1)
        try:
            opening = str(self._socket.recv())
            if not opening:
                raise Closed
        except BaseException:
            self.close()  # nobody else will
            raise
        self.handshake = json.loads(opening[1:])

    def __enter__(self) -> WireClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def raw(self) -> socket.socket:
        """Return the socket, for whoever does without this client from now on."""
        assert self._socket.sock is not None
        return self._socket.sock

    def connect(self, namespace: str, token: object = None) -> dict[str, Any]:
        """Enter a namespace and return the answer: `{"sid": …}` or the reason of the refusal."""
        self.send_raw(f"40{namespace},{json.dumps({'token': token})}")
        return self.wait(
            lambda entry: entry[0] in (self.CONNECT, self.CONNECT_ERROR) and entry[1] == namespace
        )[3]

    def emit(self, namespace: str, event: object, *args: object) -> int:
        """Send an event that asks for an ack and return the ack's id."""
        ack_id = next(self._ids)
        packet = json.dumps([event, *args])  # escaped: so it can carry lone surrogates too
        self.send_raw(f"42{namespace},{ack_id}{packet}")
        return ack_id

    def emit_at_once(self, namespace: str, event: str, payloads: Iterable[object]) -> list[int]:
        """Send an event with each of the payloads in one piece, and return the ids of the acks.

        However slow this process is, the server has them all before it can have answered the first.
        """
        ids, frames = [], b""
        for payload in payloads:
            ids.append(next(self._ids))
            packet = f"42{namespace},{ids[-1]}{json.dumps([event, payload])}"
            frames += websocket.ABNF.create_frame(packet, websocket.ABNF.OPCODE_TEXT).format()
        self.raw.sendall(frames)
        return ids

    def call(self, namespace: str, event: object, *args: object) -> dict[str, Any]:
        """Send an event and return its ack: `{"data": …}` or `{"error": …}`."""
        return self.ack(self.emit(namespace, event, *args))

    def ack(self, ack_id: int) -> dict[str, Any]:
        """Return the ack of that id, waiting for it."""
        entry = self.wait(lambda entry: entry[0] == self.ACK and entry[2] == ack_id)
        assert len(entry[3]) == 1, entry
        found: dict[str, Any] = entry[3][0]
        return found

    def pushed(self, event: str, **fields: object) -> dict[str, Any]:
        """Return the payload of the first such push, received already or to come."""

        def matches(entry: tuple[int, str, int | None, Any]) -> bool:
            return (
                entry[0] == self.EVENT
                and entry[3][0] == event
                and all(entry[3][1].get(name) == value for name, value in fields.items())
            )

        payload: dict[str, Any] = self.wait(matches)[3][1]
        return payload

    def pushes(self, event: str) -> list[dict[str, Any]]:
        """Return the payloads of all such pushes received so far."""
        return [
            entry[3][1]
            for entry in self.received
            if entry[0] == self.EVENT and entry[3][0] == event
        ]

    def wait(
        self, matches: Callable[[tuple[int, str, int | None, Any]], bool]
    ) -> tuple[int, str, int | None, Any]:
        """Return the first entry that matches, reading until it comes."""
        for entry in self.received:
            if matches(entry):
                return entry
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            for entry in self.read():
                if matches(entry):
                    return entry
        raise AssertionError(f"did not come; received: {self.received}")

    def wait_closed(self) -> None:
        """Read until the server closes the connection."""
        deadline = time.monotonic() + TIMEOUT
        try:
            while time.monotonic() < deadline:
                self.read()
        except Closed:
            return
        raise AssertionError("the server did not close the connection")

    def barrier(self, namespace: str) -> None:
        """Return when everything that the server sent before now has arrived."""
        self.call(namespace, "barrier")

    def read(self) -> list[tuple[int, str, int | None, Any]]:
        """Read one frame; raises Closed at the end of the connection."""
        try:
            frame = str(self._socket.recv())
        except (websocket.WebSocketConnectionClosedException, ConnectionError) as error:
            raise Closed from error
        if not frame:
            raise Closed
        if frame == "2":
            self.send_raw("3")
        if not frame.startswith("4"):
            return []
        entry = parse(frame[1:])
        self.packets.append(frame[1:])
        self.received.append(entry)
        return [entry]

    def send_raw(self, frame: str) -> None:
        """Send an Engine.IO packet as it is; raises Closed when the connection has ended."""
        try:
            self._socket.send(frame)
        except (websocket.WebSocketConnectionClosedException, OSError) as error:
            raise Closed from error

    def send_binary(self, data: bytes) -> None:
        """Send a binary frame."""
        self._socket.send_binary(data)

    def close(self) -> None:
        """Close without a word, as a lost connection would."""
        self._socket.shutdown()


def parse(packet: str) -> tuple[int, str, int | None, Any]:
    """Take a Socket.IO packet apart: kind, namespace, id, data."""
    kind, rest = int(packet[0]), packet[1:]
    namespace = "/"
    if rest.startswith("/"):
        namespace, _, rest = rest.partition(",")
    digits = "".join(itertools.takewhile(str.isdigit, rest))
    rest = rest[len(digits) :]
    return kind, namespace, int(digits) if digits else None, json.loads(rest) if rest else None
