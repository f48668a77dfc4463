"""One Engine.IO session: what waits to be sent, and the transport that takes it.

Everything that leaves is a WebSocket frame from the start, made once however many clients get it.
Long polling takes the frames off again, so that a session keeps its order while it changes from one
transport to the other.
"""

from __future__ import annotations

import base64
import binascii
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import engineio
from engineio import packet, socket

from chat.concurrency import current_payer, give_way, repay, spawn
from chat.realtime.transport import frames
from chat.realtime.transport.fanout import Fanout
from chat.realtime.transport.frames import (
    BAD_TEXT,
    BINARY,
    NORMAL,
    PROTOCOL_ERROR,
    TEXT,
    UNSUPPORTED,
    encode_frame,
    payload_of,
)
from chat.realtime.transport.handshake import VERSION, HandshakeError, accept
from chat.realtime.transport.loop import take_over
from chat.realtime.transport.pace import Pace
from chat.realtime.transport.wire import Wire

PROBE, PROBED, UPGRADE = "2probe", "3probe", "5"
PACKETS_PER_TURN = 16  # then everybody else gets a turn
POLL_COUNTS = 16 * 1024  # bytes that a poll counts as at least: small packets take many of them
PACKETS_PER_POLL = 16  # python-engineio's client gives up a connection when one answer has more
READ_BYTES = 64 * 1024
SEPARATOR = b"\x1e"  # between the packets of a POST or a poll
STATUS = "chat.status"  # where a request has the status of its answer, if it is a special one

CLOSE, PING, PONG, MESSAGE = "1234"


class TooLarge(engineio.exceptions.EngineIOError):
    """A POST, or a packet in it, is larger than may be."""


@dataclass(frozen=True)
class SessionLimits:
    """What one client may cost; `EngineServer` says what each means."""

    slow_bytes: int
    slow_seconds: float
    max_unsent: int
    unjoined_seconds: float
    unjoined_bytes: int
    max_packet: int
    max_payload: int
    binary: bool


class EngineSession(socket.Socket):
    """Takes the place of python-engineio's `Socket`, whose way in from HTTP it keeps.

    It never sends Engine.IO's CLOSE: a client in Python would take that for the server's wish and
    not come back. Only a DISCONNECT of Socket.IO tells a client to stay away.

    `wires` holds every open WebSocket, also of sessions that have ended. `close_soon` is told of a
    session whose connection was lost, and closes it.
    """

    server: engineio.Server

    def __init__(
        self,
        server: engineio.Server,
        sid: str,
        limits: SessionLimits,
        fanout: Fanout,
        wires: set[Wire],
        close_soon: Callable[[EngineSession], None],
    ) -> None:
        # Not the original's: that makes a queue, which costs more than all of this together.
        self.server = server
        self.sid = sid
        self._limits = limits
        self._fanout = fanout
        self._wires = wires
        self._close_soon = close_soon
        self.connected = self.upgrading = self.upgraded = False
        self.closing = self.closed = self.refused = False
        self.out: list[bytes] = []  # frames nobody has taken yet
        self.unsent = 0  # bytes of them
        self.wire: Wire | None = None  # its transport once it is `upgraded`, tried before that
        now = time.monotonic()
        self.moved_at = now  # when bytes last left
        self.pace: Pace | None = None  # of one that is behind: for whom something waits
        self.unjoined_since: float | None = now  # in no namespace; math.inf while it waits for us
        self._max_unsent = limits.unjoined_bytes  # kept here: each push to each client looks at it
        self.is_asking = False  # it sent CONNECT and has no answer yet
        self.ping_at = now + server.ping_interval
        self.pinged_at: float | None = None  # when it was asked for a sign of life
        # Pays for reading from it: the caller who opened it, later the user who was accepted.
        self.opener = self.payer = current_payer()
        self._poll: Any = None  # the event of the request that waits for something to send

    @property
    def session(self) -> dict[str, Any]:
        """python-socketio's own notes; nobody here keeps any."""
        return {}

    @property
    def body_limit(self) -> int:
        """Return how many bytes a POST of this client may have."""
        return self._limits.max_payload if self.is_in_namespace else self._limits.max_packet

    @property
    def is_in_namespace(self) -> bool:
        """Tell whether it was accepted in a namespace."""
        return self.unjoined_since is None

    @property
    def is_unjoined(self) -> bool:
        """Tell whether it is open, in no namespace, and waits for no answer to a CONNECT."""
        return not self.closed and self.unjoined_since not in (None, math.inf)

    # Out

    def send(self, pkt: packet.Packet) -> None:
        """Send one packet."""
        encoded = pkt.encode()
        if isinstance(encoded, str):
            self.push(encode_frame(encoded.encode()))
        else:
            self.push(encode_frame(encoded, BINARY))

    def push(self, frame: bytes, *, at_once: bool = False) -> None:
        """Put a frame behind the others; it leaves at the end of this turn of the event loop.

        What only this client has caused leaves `at_once`, so that its payer pays for that, too.
        """
        if self.closed:  # nobody would take it
            return
        is_first = not self.out
        self.out.append(frame)
        self.unsent += len(frame)
        if is_first and (at_once or self.is_unjoined):
            self.write()
        elif is_first:
            self._fanout.add(self)
        if self.unsent > self._max_unsent:
            self._relieve()

    def _relieve(self) -> None:
        """Send what the kernel takes now; drop the client if too much waits even then."""
        if self.wire is not None:
            self.write()
        if self.unsent > self._max_unsent and not self.closing:
            self.closing = True
            spawn(self.drop)

    def write(self, data: bytes | None = None) -> None:
        """Send what waits (`data`, where the caller has joined it), as far as there is room."""
        wire = self.wire
        if wire is None or not self.upgraded:
            if self._poll is not None:
                self._poll.set()
            return
        data = b"".join(self.out) if data is None else data
        try:
            sent = wire.send(data)
        except OSError:
            self.out, self.unsent = [], 0
            wire.stop_waiting()  # reading will find out that it is gone
            return
        if sent:
            self.moved_at = time.monotonic()
        if sent == len(data):
            self.out, self.unsent, self.pace = [], 0, None
            wire.stop_waiting()
        else:
            self.out, self.unsent = [data[sent:]], len(data) - sent
            if self.pace is not None:
                self.pace.moved(sent)
            wire.await_room()

    def poll(self) -> list[packet.Packet]:
        """Return the first packets that wait for a polling client, or wait until there is one."""
        if self._poll is not None:
            self.close(wait=False)
            raise engineio.exceptions.EngineIOError("two polls at once")
        if not self.out and not self.closed:
            self._poll = self.server.create_event()
            try:
                self._poll.wait(self.server.ping_interval + self.server.ping_timeout)
            finally:
                self._poll = None
        taken, self.out = self.out[:PACKETS_PER_POLL], self.out[PACKETS_PER_POLL:]
        size = sum(map(len, taken))
        self.unsent -= size
        self.moved_at = time.monotonic()
        if not self.out:
            self.pace = None
        elif self.pace is not None:
            self.pace.moved(max(size, POLL_COUNTS))
        if not taken:  # it ended meanwhile, or goes on by WebSocket
            return [packet.Packet(packet.NOOP)]
        return [_packet_of(frame) for frame in taken]

    # In

    def handle_post_request(self, environ: dict[str, Any]) -> None:
        """Take the packets of a polling client, each as soon as it is there.

        No more than one packet and one piece of the body are in memory at a time.
        """
        try:
            for count, encoded in enumerate(self._read_packets(environ), start=1):
                self._take_encoded(encoded)
                if self.refused:
                    raise engineio.exceptions.EngineIOError("not part of the protocol")
                if self.closed:
                    return
                if count % PACKETS_PER_TURN == 0:
                    repay()
                    give_way()
        except TooLarge:
            environ[STATUS] = "413 Content Too Large"
            raise

    def _take_encoded(self, encoded: bytes) -> None:
        try:
            text = encoded.decode()
        except UnicodeDecodeError:
            self.refuse(BAD_TEXT)
        else:
            self._take(_decode(text[1:]) if text[:1] == "b" else text)

    def _read_packets(self, environ: dict[str, Any]) -> Iterator[bytes]:
        begun = bytearray()
        for piece in self._read_body(environ):
            first, *others = piece.split(SEPARATOR)
            begun += first
            for other in others:
                yield self._checked(begun)
                begun = bytearray(other)
            self._checked(begun)
        yield self._checked(begun)

    def _checked(self, encoded: bytearray) -> bytes:
        if len(encoded) > self._limits.max_packet:
            raise TooLarge()
        return bytes(encoded)

    def _read_body(self, environ: dict[str, Any]) -> Iterator[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > self.body_limit:
            raise TooLarge()
        while length > 0:
            try:
                piece = environ["wsgi.input"].read(min(READ_BYTES, length))
            except (OSError, EOFError):  # the client hung up, or took too long
                piece = b""
            if not piece:
                self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_ERROR)
                raise engineio.exceptions.EngineIOError("a body without its end")
            length -= len(piece)
            yield piece

    def receive_from(self, wire: Wire, message: bytes | str) -> None:
        """Take a message that came by WebSocket: this session's own, or one that asks to be."""
        if self.closed:
            return
        if self.upgraded:
            self._take(message)
        elif message == PROBE and not self.upgrading:
            self.upgrading = True
            self._answer_tried(wire, encode_frame(PROBED.encode()))
            if self._poll is not None:
                self._poll.set()  # the client waits for its poll to end before it changes over
        elif message == UPGRADE and self.upgrading:
            self.upgrading, self.upgraded = False, True
            if self.out:
                self.write()
        else:
            self.lost(wire)
            wire.end(NORMAL)

    def pinged_by(self, wire: Wire, payload: bytes) -> None:
        """Answer a ping of the WebSocket itself, in order with what else goes out there."""
        pong = encode_frame(payload, frames.PONG)
        if self.upgraded:
            self.push(pong, at_once=True)
        else:
            self._answer_tried(wire, pong)

    def _answer_tried(self, wire: Wire, frame: bytes) -> None:
        """Send a few bytes by a connection that has not taken over; nothing ever waits for it."""
        if not wire.send_whole(frame):
            self.lost(wire)
            wire.end(None)

    def lost(self, wire: Wire) -> None:
        """Hear that a connection ended: with it the session, unless it was still being tried."""
        if wire is not self.wire:
            return
        self.wire = None
        if self.upgraded:
            self._close_soon(self)
        else:
            self.upgrading = False

    def forget(self, wire: Wire) -> None:
        """Hear that the socket of a connection is closed."""
        self._wires.discard(wire)

    def _take(self, message: bytes | str) -> None:
        if not isinstance(message, str):
            if self._limits.binary:
                self._receive(message)
            else:
                self.refuse(UNSUPPORTED)
        elif message[:1] == MESSAGE:
            self._receive(message[1:])
        elif message[:1] == PONG:
            self.pong()
        elif message[:1] == CLOSE:
            self.close(wait=False, abort=True, reason=self.server.reason.CLIENT_DISCONNECT)
        else:
            self.refuse(PROTOCOL_ERROR)

    def _receive(self, message: bytes | str) -> None:
        """Hand a message to whoever listens to the server."""
        self.server._trigger_event("message", self.sid, message, run_async=False)

    # Life

    def connect_requested(self) -> None:
        """Hear that the client sent CONNECT; its first wait for an answer is not counted."""
        if self.unjoined_since is not None and not self.is_asking:
            self.is_asking, self.unjoined_since = True, math.inf

    def enter(self) -> None:
        """Hear that the client was accepted in a namespace."""
        self.is_asking, self.unjoined_since = False, None
        self._max_unsent = self._limits.max_unsent

    def leave(self) -> None:
        """Hear that the client is in no namespace: it was refused, or left the last one."""
        if self.unjoined_since in (None, math.inf):
            self.unjoined_since = time.monotonic()
            self._max_unsent = self._limits.unjoined_bytes
            self.payer = self.opener

    def check(self, now: float, interval: float) -> None:
        """Do what is due: ping, or give up a client that is silent, slow, or in no namespace."""
        server, limits = self.server, self._limits
        if self.closing:
            return
        if self.pinged_at is None:
            if now >= self.ping_at:
                self.pinged_at = now
                self.push(PING_FRAME)
        elif now - self.pinged_at > server.ping_timeout:
            self.close(wait=False, reason=server.reason.PING_TIMEOUT)
        is_stuck = self.unsent > limits.slow_bytes and now - self.moved_at > limits.slow_seconds
        if is_stuck or self._is_too_slow(interval):
            self.drop()
        elif (
            self.unjoined_since is not None and now - self.unjoined_since > limits.unjoined_seconds
        ):
            self.close(wait=False)
        elif self.wire is not None and not self.upgraded:
            self._look_at_tried(self.wire, now)

    def _is_too_slow(self, interval: float) -> bool:
        """Tell whether what waits has been leaving more slowly than the least rate."""
        if not self.unsent:
            self.pace = None
            return False
        if self.pace is None:
            self.pace = Pace()
            return False
        self.pace.waited(interval)
        return self.pace.left <= 0

    def _look_at_tried(self, wire: Wire, now: float) -> None:
        if now - wire.opened_at > self._limits.unjoined_seconds:
            self.lost(wire)
            wire.end(NORMAL)

    def pong(self) -> None:
        """Hear that the client is there."""
        self.pinged_at = None
        self.ping_at = time.monotonic() + self.server.ping_interval

    def schedule_ping(self) -> None:
        """The original starts a greenlet for each client here; `look` does without."""

    def close(
        self,
        wait: bool = True,
        abort: bool = False,
        reason: str | None = None,
        code: int = NORMAL,
    ) -> None:
        """End the session; unless it is an `abort`, what waits is sent first. Never waits."""
        if self.closed:
            return
        self.closing = self.closed = True
        server = self.server
        server.sockets.pop(self.sid, None)
        server._trigger_event(
            "disconnect", self.sid, reason or server.reason.SERVER_DISCONNECT, run_async=False
        )
        if not abort:
            self.write()
        if self._poll is not None:
            self._poll.set()
        if self.wire is not None:
            # One that is being tried ends without a word: the asynchronous client in Python takes
            # a close frame for the answer to its probe, and fails for good.
            self.wire.end(code if self.upgraded else None)

    def drop(self) -> None:
        """End the session and hang up without a word, because the client may not read."""
        wire, self.wire = self.wire, None
        self.close(wait=False, abort=True)
        self.out, self.unsent = [], 0
        if wire is not None:
            wire.end(None)

    def refuse(self, code: int) -> None:
        """End the session because of what the client sent; the close code tells why."""
        self.refused = True
        wire, self.wire = self.wire, None
        self.close(wait=False, abort=True)
        if wire is not None:
            wire.end(code)

    def _upgrade_websocket(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request to speak WebSocket: begin with it, or try it beside polling."""
        if not self._can_begin(environ):
            answer = {**self.server._bad_request(), "status": "426 Upgrade Required"}
            answer["headers"] = [*answer["headers"], ("Sec-WebSocket-Version", VERSION)]
        else:
            try:
                self._begin(environ, accept(environ))
                return ()
            except HandshakeError as error:
                answer = self.server._bad_request(str(error))
        if not self.connected:
            self.close(wait=False, abort=True)
        return answer

    def _can_begin(self, environ: dict[str, Any]) -> bool:
        is_free = not self.closed and self.wire is None
        return is_free and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == VERSION

    def _begin(self, environ: dict[str, Any], handshake: bytes) -> None:
        """Take the connection over and shake hands, without waiting: there is one at a time."""
        client, left = take_over(environ)
        wire = self.wire = Wire(client, self, self._limits.max_packet, left)
        self._wires.add(wire)
        if not self.connected:
            self.connected = self.upgraded = True
        wire.open()
        if not wire.send_whole(handshake):  # the client does not read, or is gone
            self.lost(wire)
            wire.end(None)
        elif self.upgraded:
            self.write()


PING_FRAME = encode_frame(PING.encode())


def _packet_of(frame: bytes) -> packet.Packet:
    """Return a packet that encodes to what is in a frame, as long polling sends it."""
    found, payload = packet.Packet(packet.NOOP), payload_of(frame)
    is_text = frame[0] & 0x0F == TEXT
    found.encode_cache = payload.decode() if is_text else f"b{base64.b64encode(payload).decode()}"
    return found


def _decode(encoded: str) -> bytes | str:
    """Return the bytes in a polling packet; what cannot be read is no packet at all."""
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return ""
