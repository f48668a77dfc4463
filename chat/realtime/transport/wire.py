"""One WebSocket connection, read by the event loop; while idle it needs no greenlet.

After the handshake, eventlet's HTTP server no longer uses the socket. A callback of the hub reads
from it and must not wait, so a greenlet handles what was read; there is one at a time.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

from chat.concurrency import STEPS_PER_SLICE, Payer, Slice, charge_to, repay, spawn
from chat.realtime.transport.frames import (
    CLOSE,
    NORMAL,
    PING,
    PONG,
    FrameError,
    FrameReader,
    Message,
    encode_close,
)
from chat.realtime.transport.loop import add_listener, remove_listener

READ_BYTES = 64 * 1024
FRAMES_PER_TURN = 256  # parsed without a pause; not every frame is a message
LINGER = 2.0  # seconds for the client to read our close frame
MAX_IGNORED = READ_BYTES  # bytes read and dropped during LINGER; then reading stops

log = logging.getLogger(__name__)


class Receiver(Protocol):
    """A session, which handles the messages of a wire."""

    sid: str
    payer: Payer | None

    @property
    def is_unjoined(self) -> bool:
        """Return whether the client is in no namespace yet."""

    def on_message(self, wire: Wire, message: bytes | str) -> None:
        """Handle a message."""

    def on_ping(self, wire: Wire, payload: bytes) -> None:
        """Answer a ping frame of the WebSocket."""

    def write(self) -> None:
        """Send unsent frames: the kernel can take more."""

    def on_wire_ended(self, wire: Wire) -> None:
        """Schedule what follows from the end of the stream; called by the hub."""

    def on_wire_lost(self, wire: Wire) -> None:
        """Handle a wire that the client or the network ended."""

    def on_wire_closed(self, wire: Wire) -> None:
        """Handle a wire whose socket is closed."""


class Wire:
    """Sends bytes to one client and passes its messages to the session.

    `on_closed` is called once, when the socket is closed.
    """

    __slots__ = (
        "_socket",
        "_fileno",
        "_session",
        "_frames",
        "_handling",
        "_reading",
        "_paused",
        "_writing",
        "_on_closed",
        "_ignored",
        "opened_at",
        "closed_at",
    )

    def __init__(
        self,
        connected: socket.socket,
        session: Receiver,
        limit: int,
        on_closed: Callable[[], None],
    ) -> None:
        self._socket = connected
        self._fileno = connected.fileno()
        self._session = session
        self._frames = FrameReader(limit)
        self._handling = False
        self._reading: Any = None
        self._paused = False  # reading waits until the received messages are handled
        self._writing: Any = None
        self._on_closed = on_closed
        self._ignored = 0  # bytes received after the end
        self.opened_at = time.monotonic()
        self.closed_at: float | None = None  # when the session ended it, by the monotonic clock

    def open(self) -> None:
        """Start or resume reading."""
        self._reading = add_listener("read", self._fileno, self._read, self._on_fileno_reused)

    def send(self, data: bytes) -> int:
        """Send bytes without waiting; return how many the kernel took. Raises OSError."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def send_whole(self, data: bytes) -> bool:
        """Send a few bytes without waiting; return whether the kernel took all of them."""
        try:
            return self.send(data) == len(data)
        except OSError:
            return False

    @property
    def awaits_writable(self) -> bool:
        """Return whether the session's `write` will be called when the kernel can take more."""
        return self._writing is not None

    def await_writable(self) -> None:
        """Call the session's `write` when the kernel can take more."""
        if self._writing is None:
            self._writing = add_listener("write", self._fileno, self._write, self._on_fileno_reused)

    def stop_awaiting(self) -> None:
        """Stop calling the session's `write`."""
        if self._writing is not None:
            remove_listener(self._writing)
            self._writing = None

    def end(self, code: int | None) -> None:
        """Send a close frame with a code and handle no more messages; without a code just close.

        After a close frame the socket is closed when the client closes it, or by `dispose` after
        LINGER: a close with unread bytes would discard the last sent ones.
        """
        if self.closed_at is not None:
            return
        self.closed_at = time.monotonic()
        self.stop_awaiting()
        if code is None:
            self.dispose()
            return
        try:
            self._socket.send(encode_close(code))
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            log.debug("could not send a close frame: %s", error)
            self.dispose()

    def dispose(self) -> None:
        """Close the socket at once."""
        if self._fileno < 0:
            return
        self._fileno = -1
        self.closed_at = self.closed_at or time.monotonic()
        self.stop_awaiting()
        self._stop_reading()
        self._socket.close()
        self._session.on_wire_closed(self)
        self._on_closed()

    def _write(self, _: int) -> None:
        self._session.write()

    def _on_fileno_reused(self, _: object) -> None:
        self.dispose()

    def _stop_reading(self) -> None:
        if self._reading is not None:
            remove_listener(self._reading)
            self._reading = None

    def _read(self, _: int) -> None:
        """Read available bytes (called by the hub, which must not wait)."""
        if self._handling and self.closed_at is None:
            self._paused = True  # so that no more bytes are in memory than are being handled
            self._stop_reading()
            return
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if self.closed_at is not None:
            if not data:
                self.dispose()
            self._ignored += len(data)
            if self._ignored >= MAX_IGNORED:  # the engine calls `dispose` after LINGER
                self._stop_reading()
            return
        self._handling = True
        if data:
            spawn(self._handle, data)
        else:  # the client is gone
            self._stop_reading()
            self._session.on_wire_ended(self)

    def _handle(self, data: bytes) -> None:
        """Handle the messages that `data` completes."""
        try:
            self._charge_and_repay()
            self._handle_all(data)
        except FrameError as error:
            log.info("closing %s: %s", self._session.sid, error)
            self._session.on_wire_lost(self)
            self.end(error.code)
        finally:
            self._handling = False
            if self._paused and self._fileno >= 0:
                self._paused = False
                self.open()

    def _handle_all(self, data: bytes) -> None:
        current = Slice()
        while True:
            for message in self._frames.feed(data, FRAMES_PER_TURN):
                if self.closed_at is not None:
                    return
                self._handle_one(message)
                if current.is_over(1 if self._session.is_unjoined else STEPS_PER_SLICE):
                    self._charge_and_repay()
                    current.end()
            if not self._frames.pending:
                return
            self._charge_and_repay()
            current.end()
            data = b""

    def _charge_and_repay(self) -> None:
        """Charge what follows to the session's present payer, who repays its debt first."""
        charge_to(self._session.payer)
        repay()

    def _handle_one(self, message: Message) -> None:
        opcode, payload = message
        if opcode == CLOSE:
            self._session.on_wire_lost(self)
            assert isinstance(payload, bytes)
            self.end(int.from_bytes(payload[:2], "big") or NORMAL)
        elif opcode == PING:
            assert isinstance(payload, bytes)
            self._session.on_ping(self, payload)
        elif opcode != PONG:
            self._session.on_message(self, payload)
