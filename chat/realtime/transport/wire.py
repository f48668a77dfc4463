"""One WebSocket connection: the event loop reads it, and no greenlet exists while it is idle.

The socket is taken out of eventlet's hands after the handshake. Reading happens in a callback of
the hub, which may not wait, so what was read is handled in a greenlet of its own, one at a time.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

from chat.concurrency import Payer, charge_to, give_way, repay, spawn
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
FRAMES_PER_TURN = 256  # cut out of what has come; one does not have to be a message
MESSAGES_PER_TURN = 16  # then everybody else gets a turn
LINGER = 2.0  # seconds for the client to take our close frame in
MOST_IGNORED = READ_BYTES  # thrown away meanwhile; more is no message that was on its way

log = logging.getLogger(__name__)


class Receiver(Protocol):
    """A session: it gives a meaning to what comes by a wire."""

    sid: str
    payer: Payer | None

    @property
    def is_unjoined(self) -> bool:
        """Tell whether the client is in no namespace yet."""

    def receive_from(self, wire: Wire, message: bytes | str) -> None:
        """Take a message."""

    def pinged_by(self, wire: Wire, payload: bytes) -> None:
        """Answer a ping of the WebSocket itself."""

    def write(self) -> None:
        """Send what waits: the kernel can take more."""

    def lost(self, wire: Wire) -> None:
        """Hear that the client or the network ended the wire."""

    def forget(self, wire: Wire) -> None:
        """Hear that the socket of the wire is closed."""


class Wire:
    """Bytes to and from one client; what they mean is the session's business.

    `left` is called once, when the socket is closed.
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
        "_left",
        "_ignored",
        "opened_at",
        "closed_at",
    )

    def __init__(
        self,
        connected: socket.socket,
        session: Receiver,
        limit: int,
        left: Callable[[], None],
    ) -> None:
        self._socket = connected
        self._fileno = connected.fileno()
        self._session = session
        self._frames = FrameReader(limit)
        self._handling = False
        self._reading: Any = None
        self._paused = False  # until what has come is handled
        self._writing: Any = None
        self._left = left
        self._ignored = 0  # bytes that came after the end
        self.opened_at = time.monotonic()
        self.closed_at: float | None = None  # when the session ended it, by the monotonic clock

    def open(self) -> None:
        """Begin to read, or go on."""
        self._reading = add_listener("read", self._fileno, self._read, self._obsolete)

    def send(self, data: bytes) -> int:
        """Hand bytes to the kernel without waiting; return how many it took. Raises OSError."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def send_whole(self, data: bytes) -> bool:
        """Hand a few bytes to the kernel without waiting; return whether it took them all."""
        try:
            return self.send(data) == len(data)
        except OSError:
            return False

    def await_room(self) -> None:
        """Let the session write again once the kernel can take more."""
        if self._writing is None:
            self._writing = add_listener("write", self._fileno, self._write, self._obsolete)

    def stop_waiting(self) -> None:
        """There is nothing left to write."""
        if self._writing is not None:
            remove_listener(self._writing)
            self._writing = None

    def end(self, code: int | None) -> None:
        """Say goodbye with a close code and read no more; without one just hang up.

        The socket is closed when the client hangs up, at the latest by `dispose`: closing it with
        bytes unread would take our last ones back.
        """
        if self.closed_at is not None:
            return
        self.closed_at = time.monotonic()
        self.stop_waiting()
        if code is None:
            self.dispose()
            return
        try:
            self._socket.send(encode_close(code))
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            log.debug("could not say goodbye: %s", error)
            self.dispose()

    def dispose(self) -> None:
        """Close the socket, whatever is under way."""
        if self._fileno < 0:
            return
        self._fileno = -1
        self.closed_at = self.closed_at or time.monotonic()
        self.stop_waiting()
        self._stop_reading()
        self._socket.close()
        self._session.forget(self)
        self._left()

    def _write(self, _: int) -> None:
        self._session.write()

    def _obsolete(self, _: object) -> None:
        self.dispose()

    def _stop_reading(self) -> None:
        if self._reading is not None:
            remove_listener(self._reading)
            self._reading = None

    def _read(self, _: int) -> None:
        """Take in what has come (called by the hub, which cannot wait)."""
        if self._handling and self.closed_at is None:
            self._paused = True  # no more in memory than is being handled
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
            if self._ignored >= MOST_IGNORED:  # `dispose` comes after LINGER
                self._stop_reading()
            return
        if not data:
            self._stop_reading()
        self._handling = True
        spawn(self._handle, data)

    def _handle(self, data: bytes) -> None:
        """Handle the messages that are complete with `data`; without any the client is gone."""
        try:
            self._let_others()
            if not data:
                self._session.lost(self)
                self.dispose()
            else:
                self._handle_all(data)
        except FrameError as error:
            log.info("closing %s: %s", self._session.sid, error)
            self._session.lost(self)
            self.end(error.code)
        finally:
            self._handling = False
            if self._paused and self._fileno >= 0:
                self._paused = False
                self.open()

    def _handle_all(self, data: bytes) -> None:
        handled = 0
        while True:
            for message in self._frames.feed(data, FRAMES_PER_TURN):
                if self.closed_at is not None:
                    return
                self._handle_one(message)
                handled += 1
                if handled % (1 if self._session.is_unjoined else MESSAGES_PER_TURN) == 0:
                    self._let_others()
                    give_way()
            if not self._frames.pending:
                return
            self._let_others()
            give_way()
            data = b""

    def _let_others(self) -> None:
        """Let whoever pays for this client by now repay what they owe."""
        charge_to(self._session.payer)
        repay()

    def _handle_one(self, message: Message) -> None:
        opcode, payload = message
        if opcode == CLOSE:
            self._session.lost(self)
            assert isinstance(payload, bytes)
            self.end(int.from_bytes(payload[:2], "big") or NORMAL)
        elif opcode == PING:
            assert isinstance(payload, bytes)
            self._session.pinged_by(self, payload)
        elif opcode != PONG:
            self._session.receive_from(self, payload)
