"""One Engine.IO session: its unsent frames, and the transport that sends them.

Its unsent frames are those in `out`, and behind them those of the list `shared` from its place on.

Every packet is encoded as a WebSocket frame first, once for all its recipients. Long polling
removes the frame header again. So packets keep their order during an upgrade to WebSocket.
"""

from __future__ import annotations

import base64
import binascii
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import engineio
from engineio import packet, socket

from chat.concurrency import STEPS_PER_SLICE, Slice, current_payer, repay, spawn
from chat.realtime.transport import frames
from chat.realtime.transport.fanout import Fanout, SharedFrames
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
from chat.realtime.transport.handshake import VERSION, HandshakeError, handshake_response
from chat.realtime.transport.loop import take_over
from chat.realtime.transport.pace import Pace
from chat.realtime.transport.wire import Wire

PROBE, PROBED, UPGRADE = "2probe", "3probe", "5"
MIN_POLL_BYTES = 16 * 1024  # each poll counts as at least so many: small packets need many polls
PACKETS_PER_POLL = 16  # python-engineio's client closes a connection after a longer answer
READ_BYTES = 64 * 1024
SEPARATOR = b"\x1e"  # between the packets of a POST or a poll
STATUS = "chat.status"  # in the WSGI environment: the status of the answer, if not the usual one

CLOSE, PING, PONG, MESSAGE = "1234"


class TooLarge(engineio.exceptions.EngineIOError):
    """A POST, or a packet in it, is too large."""


@dataclass(frozen=True)
class SessionLimits:
    """The limits of one client; `EngineServer` describes them."""

    slow_bytes: int
    slow_seconds: float
    max_unsent: int
    unjoined_seconds: float
    unjoined_bytes: int
    max_packet: int
    max_payload: int
    binary: bool


class EngineSession(socket.Socket):
    """Replaces python-engineio's `Socket`, except for its handling of HTTP requests.

    It never sends Engine.IO's CLOSE, after which a Python client does not reconnect. Only a
    DISCONNECT of Socket.IO is to have that effect.

    `wires` holds all open WebSockets, including those of ended sessions. `end_soon` schedules the
    work for a connection that has ended.
    """

    server: engineio.Server

    def __init__(
        self,
        server: engineio.Server,
        sid: str,
        limits: SessionLimits,
        fanout: Fanout,
        wires: set[Wire],
        end_soon: Callable[[Callable[[], None]], None],
    ) -> None:
        # Do not call `super().__init__`: it creates a queue, which costs more than all of this.
        self.server = server
        self.sid = sid
        self._limits = limits
        self._fanout = fanout
        self._wires = wires
        self._end_soon = end_soon
        self.connected = self.upgrading = self.upgraded = False
        self.closing = self.closed = self.refused = False
        self.out: list[bytes] = []  # unsent frames of its own
        self._out_size = 0  # bytes of them
        self.shared: SharedFrames | None = None  # the list of a channel, only in this turn
        self._place = 0  # of the first unsent frame in it
        self._is_scheduled = False  # to be flushed at the end of this turn
        self.wire: Wire | None = None  # the transport once `upgraded`; before that, a probe
        now = time.monotonic()
        self.sent_at = now  # when bytes were last sent
        self.pace: Pace | None = None  # while frames are unsent
        # Since when it is in no namespace: None in one, math.inf while the server owes an answer.
        self.unjoined_since: float | None = now
        self._max_unsent = limits.unjoined_bytes  # an attribute, because each push reads it
        self.is_connecting = False  # it sent CONNECT and has no answer yet
        self.ping_at = now + server.ping_interval
        self.pinged_at: float | None = None  # when the unanswered ping was sent
        # Pays for reading: the caller that opened the session, later the accepted user.
        self.opener = self.payer = current_payer()
        self._poll: Any = None  # the event of a poll that waits for a frame

    @property
    def session(self) -> dict[str, Any]:
        """python-socketio's user session, which is not used."""
        return {}

    @property
    def body_limit(self) -> int:
        """Return the maximum size of a POST of this client in bytes."""
        return self._limits.max_payload if self.is_in_namespace else self._limits.max_packet

    @property
    def is_in_namespace(self) -> bool:
        """Return whether the client was accepted in a namespace."""
        return self.unjoined_since is None

    @property
    def is_unjoined(self) -> bool:
        """Return whether it is open, in no namespace, and the server owes it no answer."""
        return not self.closed and self.unjoined_since not in (None, math.inf)

    # Sending

    def send(self, pkt: packet.Packet) -> None:
        """Send one packet."""
        encoded = pkt.encode()
        if isinstance(encoded, str):
            self.push(encode_frame(encoded.encode()))
        else:
            self.push(encode_frame(encoded, BINARY))

    @property
    def unsent(self) -> int:
        """Return the bytes of all unsent frames."""
        shared = self.shared
        return self._out_size + (0 if shared is None else shared.size_since(self._place))

    def push(self, frame: bytes, *, at_once: bool = False) -> None:
        """Queue a frame; it is sent at the end of this turn of the event loop.

        A frame that this client alone has caused is sent `at_once`, so that its payer is charged.
        """
        if self.closed:
            return
        self._collect()
        is_first = not self.out
        self.out.append(frame)
        self._out_size += len(frame)
        if is_first and (at_once or self.is_unjoined):
            self.write()
        else:
            self._schedule_flush()
        self.limit_unsent()

    def follow(self, shared: SharedFrames) -> None:
        """Queue all frames that are appended to a list from now on in this turn."""
        if self.closing:
            return
        if self.shared is not None:
            self._collect()
            self.shared.note_absence(self)
        self.shared, self._place = shared, shared.end
        shared.limit_after(self._max_unsent - self._out_size)
        self._schedule_flush()

    def _schedule_flush(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._fanout.schedule_flush(self)

    def flush(self) -> None:
        """Send at the end of a turn what the kernel takes; keep the rest, and leave the list."""
        self._is_scheduled = False
        wire = self.wire
        if wire is None or not wire.awaits_writable:
            self.write()
        self._leave_shared()

    def _collect(self) -> None:
        """Move the unsent frames of the list to `out`, before something that is behind them."""
        shared = self.shared
        if shared is not None and self._place < shared.end:
            self.out += shared.since(self._place)
            self._out_size += shared.size_since(self._place)
            self._place = shared.end

    def _leave_shared(self) -> None:
        self._collect()
        self.shared = None

    def _forget_unsent(self) -> None:
        self.out, self._out_size, self.shared = [], 0, None

    def limit_unsent(self) -> None:
        """Send what the kernel takes if too much is unsent; drop the client if it still is."""
        room = self._max_unsent - self.unsent
        if room < 0:
            if self.wire is not None:
                self.write()
                room = self._max_unsent - self.unsent
            if room < 0:
                if not self.closing:
                    self.closing = True
                    spawn(self.drop)
                return
        if self.shared is not None:
            self.shared.limit_after(room)

    def write(self) -> None:
        """Send as many of the unsent frames as the kernel takes; wake a waiting poll for them."""
        wire, shared = self.wire, self.shared
        if wire is None or not self.upgraded:
            if self._poll is not None and self.unsent:
                self._poll.set()
            return
        data = self._joined()
        if not data:
            wire.stop_awaiting()
            return
        try:
            sent = wire.send(data)
        except OSError:
            self._forget_unsent()
            wire.stop_awaiting()  # the next read finds out that the client is gone
            return
        if shared is not None:
            self._place = shared.end
        if sent:
            self.sent_at = time.monotonic()
        if sent == len(data):
            self.out, self._out_size, self.pace = [], 0, None
            wire.stop_awaiting()
        else:
            self.out, self._out_size = [data[sent:]], len(data) - sent
            if self.pace is not None:
                self.pace.add_bytes(sent)
            wire.await_writable()

    def _joined(self) -> bytes:
        """Return all unsent frames in one piece, which members at the same place share."""
        shared = self.shared
        if shared is None:
            return b"".join(self.out)
        if self.out:  # its frames differ from those of the others
            return b"".join((*self.out, *shared.since(self._place)))
        return shared.joined_since(self._place)

    def poll(self) -> list[packet.Packet]:
        """Return the first unsent packets for a polling client; wait if there is none."""
        if self._poll is not None:
            self.close(wait=False)
            raise engineio.exceptions.EngineIOError("two polls at once")
        self._collect()
        if not self.out and not self.closed:
            self._poll = self.server.create_event()
            try:
                self._poll.wait(self.server.ping_interval + self.server.ping_timeout)
            finally:
                self._poll = None
            if self.upgraded:  # the WebSocket may have sent a part of the first frame
                return [packet.Packet(packet.NOOP)]
        taken, self.out = self.out[:PACKETS_PER_POLL], self.out[PACKETS_PER_POLL:]
        size = sum(map(len, taken))
        self._out_size -= size
        self.sent_at = time.monotonic()
        if not self.out:
            self.pace = None
        elif self.pace is not None:
            self.pace.add_bytes(max(size, MIN_POLL_BYTES))
        if not taken:  # the session ended, or is upgrading to WebSocket
            return [packet.Packet(packet.NOOP)]
        return [_packet_of(frame) for frame in taken]

    # Receiving

    def handle_post_request(self, environ: dict[str, Any]) -> None:
        """Handle the packets of a polling client, each as soon as it arrives.

        At most one packet and one piece of the body are in memory at a time.
        """
        try:
            current = Slice()
            for encoded in self._read_packets(environ):
                self._handle_encoded(encoded)
                if self.refused:
                    raise engineio.exceptions.EngineIOError("not part of the protocol")
                if self.closed:
                    return
                if current.is_over(STEPS_PER_SLICE):
                    repay()
                    current.end()
        except TooLarge:
            environ[STATUS] = "413 Content Too Large"
            raise

    def _handle_encoded(self, encoded: bytes) -> None:
        try:
            text = encoded.decode()
        except UnicodeDecodeError:
            self.refuse(BAD_TEXT)
        else:
            self._handle_packet(_decode(text[1:]) if text[:1] == "b" else text)

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
            except (OSError, EOFError):  # the client closed the connection or took too long
                piece = b""
            if not piece:
                self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_ERROR)
                raise engineio.exceptions.EngineIOError("an incomplete body")
            length -= len(piece)
            yield piece

    def on_message(self, wire: Wire, message: bytes | str) -> None:
        """Handle a message by WebSocket: of the upgraded transport, or of a probe."""
        if self.closed:
            return
        if self.upgraded:
            self._handle_packet(message)
        elif message == PROBE and not self.upgrading:
            self.upgrading = True
            self._send_while_probing(wire, encode_frame(PROBED.encode()))
            if self._poll is not None:
                self._poll.set()  # the client upgrades only after its poll has ended
        elif message == UPGRADE and self.upgrading:
            self.upgrading, self.upgraded = False, True
            self.write()
        else:
            self.on_wire_lost(wire)
            wire.end(NORMAL)

    def on_ping(self, wire: Wire, payload: bytes) -> None:
        """Answer a ping frame of the WebSocket, behind earlier frames."""
        pong = encode_frame(payload, frames.PONG)
        if self.upgraded:
            self.push(pong, at_once=True)
        else:
            self._send_while_probing(wire, pong)

    def _send_while_probing(self, wire: Wire, frame: bytes) -> None:
        """Send a few bytes by a WebSocket that is not upgraded yet; close it if they do not fit."""
        if not wire.send_whole(frame):
            self.on_wire_lost(wire)
            wire.end(None)

    def on_wire_ended(self, wire: Wire) -> None:
        """Schedule what follows from the end of a WebSocket's stream."""
        self._end_soon(partial(self._lose, wire))

    def _lose(self, wire: Wire) -> None:
        self.on_wire_lost(wire)
        wire.dispose()

    def _close_lost(self) -> None:
        self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE)

    def on_wire_lost(self, wire: Wire) -> None:
        """Handle a lost WebSocket: it ends the session, unless it was only a probe."""
        if wire is not self.wire:
            return
        self.wire = None
        if self.upgraded:
            self._end_soon(self._close_lost)
        else:
            self.upgrading = False

    def on_wire_closed(self, wire: Wire) -> None:
        """Forget a WebSocket whose socket is closed."""
        self._wires.discard(wire)

    def _handle_packet(self, message: bytes | str) -> None:
        if not isinstance(message, str):
            if self._limits.binary:
                self._trigger_message(message)
            else:
                self.refuse(UNSUPPORTED)
        elif message[:1] == MESSAGE:
            self._trigger_message(message[1:])
        elif message[:1] == PONG:
            self.pong()
        elif message[:1] == CLOSE:
            self.close(wait=False, abort=True, reason=self.server.reason.CLIENT_DISCONNECT)
        else:
            self.refuse(PROTOCOL_ERROR)

    def _trigger_message(self, message: bytes | str) -> None:
        """Call the server's handler of messages."""
        self.server._trigger_event("message", self.sid, message, run_async=False)

    # Namespaces, checks and the end

    def connect_requested(self) -> None:
        """Handle a CONNECT; the first wait for its answer does not count as unjoined time."""
        if self.unjoined_since is not None and not self.is_connecting:
            self.is_connecting, self.unjoined_since = True, math.inf

    def on_joined(self) -> None:
        """Handle that the client was accepted in a namespace."""
        self.is_connecting, self.unjoined_since = False, None
        self._max_unsent = self._limits.max_unsent

    def on_unjoined(self) -> None:
        """Handle that the client is in no namespace: it was refused, or left the last one."""
        if self.unjoined_since in (None, math.inf):
            self.unjoined_since = time.monotonic()
            self._max_unsent = self._limits.unjoined_bytes
            self.payer = self.opener

    def check(self, now: float, interval: float) -> None:
        """Ping the client, or end a session that is silent, slow, or unjoined for too long.

        Called every `interval` seconds; `now` is by the monotonic clock.
        """
        server, limits = self.server, self._limits
        if self.closing:
            return
        if self.pinged_at is None:
            if now >= self.ping_at:
                self.pinged_at = now
                self.push(PING_FRAME)
        elif now - self.pinged_at > server.ping_timeout:
            self.close(wait=False, reason=server.reason.PING_TIMEOUT)
        is_stuck = self.unsent > limits.slow_bytes and now - self.sent_at > limits.slow_seconds
        if is_stuck or self._is_too_slow(interval):
            self.drop()
        elif (
            self.unjoined_since is not None and now - self.unjoined_since > limits.unjoined_seconds
        ):
            self.close(wait=False)
        elif self.wire is not None and not self.upgraded:
            self._check_probing(self.wire, now)

    def _is_too_slow(self, interval: float) -> bool:
        """Return whether unsent frames are sent more slowly than the minimum rate."""
        if not self.unsent:
            self.pace = None
            return False
        if self.pace is None:
            self.pace = Pace()
            return False
        self.pace.add_wait(interval)
        return self.pace.left <= 0

    def _check_probing(self, wire: Wire, now: float) -> None:
        if now - wire.opened_at > self._limits.unjoined_seconds:
            self.on_wire_lost(wire)
            wire.end(NORMAL)

    def pong(self) -> None:
        """Handle a pong of the client."""
        self.pinged_at = None
        self.ping_at = time.monotonic() + self.server.ping_interval

    def schedule_ping(self) -> None:
        """Do nothing: `check` sends pings. The overridden method starts a greenlet per client."""

    def close(
        self,
        wait: bool = True,
        abort: bool = False,
        reason: str | None = None,
        code: int = NORMAL,
    ) -> None:
        """End the session without waiting; unless `abort`, send what the kernel takes first."""
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
        self._leave_shared()
        if self._poll is not None:
            self._poll.set()
        if self.wire is not None:
            # A probe ends without a close frame: the asynchronous client in Python takes that for
            # the answer to its probe, and fails for good.
            self.wire.end(code if self.upgraded else None)

    def drop(self) -> None:
        """End the session and close the socket at once, because the client may not read."""
        wire, self.wire = self.wire, None
        self.close(wait=False, abort=True)
        self._forget_unsent()
        if wire is not None:
            wire.end(None)

    def refuse(self, code: int) -> None:
        """End the session because of an invalid message; `code` is the close code."""
        self.refused = True
        wire, self.wire = self.wire, None
        self.close(wait=False, abort=True)
        if wire is not None:
            wire.end(code)

    def _upgrade_websocket(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request for a WebSocket, as the first transport or as a probe for an upgrade."""
        if not self._can_open_wire(environ):
            answer = {**self.server._bad_request(), "status": "426 Upgrade Required"}
            answer["headers"] = [*answer["headers"], ("Sec-WebSocket-Version", VERSION)]
        else:
            try:
                self._open_wire(environ, handshake_response(environ))
                return ()
            except HandshakeError as error:
                answer = self.server._bad_request(str(error))
        if not self.connected:
            self.close(wait=False, abort=True)
        return answer

    def _can_open_wire(self, environ: dict[str, Any]) -> bool:
        is_free = not self.closed and self.wire is None
        return is_free and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == VERSION

    def _open_wire(self, environ: dict[str, Any], handshake: bytes) -> None:
        """Take over the socket and send the handshake, without waiting."""
        client, on_closed = take_over(environ)
        wire = self.wire = Wire(client, self, self._limits.max_packet, on_closed)
        self._wires.add(wire)
        if not self.connected:
            self.connected = self.upgraded = True
        wire.open()
        if not wire.send_whole(handshake):  # the client is gone or does not read
            self.on_wire_lost(wire)
            wire.end(None)
        elif self.upgraded:
            self.write()


PING_FRAME = encode_frame(PING.encode())


def _packet_of(frame: bytes) -> packet.Packet:
    """Return the packet in a frame, encoded for long polling."""
    found, payload = packet.Packet(packet.NOOP), payload_of(frame)
    is_text = frame[0] & 0x0F == TEXT
    found.encode_cache = payload.decode() if is_text else f"b{base64.b64encode(payload).decode()}"
    return found


def _decode(encoded: str) -> bytes | str:
    """Return the bytes in a polling packet; an invalid one becomes an empty packet."""
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return ""
