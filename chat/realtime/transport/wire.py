"""One WebSocket connection: the event loop reads it, and no greenlet exists while it is idle.

The socket is taken out of eventlet's hands after the handshake. Reading happens in a callback of
the hub, which may not wait, so what was read is handled in a greenlet of its own, one at a time.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chat.concurrency import charge_to, give_way, repay, spawn
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
from chat.realtime.transport.loop import listen, unlisten

if TYPE_CHECKING:
    from chat.realtime.transport.session import EngineSession

READ_BYTES = 64 * 1024
MAX_WAITING = 256  # messages that nobody has looked at; then reading pauses
FRAMES_PER_TURN = 256  # cut out of what has come; one does not have to be a message
MESSAGES_PER_TURN = 16  # then everybody else gets a turn
LINGER = 2.0  # seconds for the client to take our close frame in

log = logging.getLogger(__name__)


class Wire:
    """Bytes to and from one client; what they mean is the session's business.

    `left` is called once, when the socket is closed.
    """

    __slots__ = (
        "_socket",
        "_fileno",
        "_session",
        "_frames",
        "_waiting",
        "_handling",
        "_reading",
        "_paused",
        "_writing",
        "_left",
        "opened_at",
        "closed_at",
    )

    def __init__(
        self,
        connected: socket.socket,
        session: EngineSession,
        limit: int,
        left: Callable[[], None],
    ) -> None:
        self._socket = connected
        self._fileno = connected.fileno()
        self._session = session
        self._frames = FrameReader(limit)
        self._waiting: list[Message | FrameError | None] = []  # None: the client is gone
        self._handling = False
        self._reading: Any = None
        self._paused = False  # until what has come is handled
        self._writing: Any = None
        self._left = left
        self.opened_at = time.monotonic()
        self.closed_at: float | None = None  # when the session ended it, by the monotonic clock

    def open(self) -> None:
        """Begin to read, or go on."""
        self._reading = listen("read", self._fileno, self._read, self._obsolete)

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
            self._writing = listen("write", self._fileno, self._write, self._obsolete)

    def stop_waiting(self) -> None:
        """There is nothing left to write."""
        if self._writing is not None:
            unlisten(self._writing)
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
        self._waiting.clear()
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
        self._session.server.wires.discard(self)
        self._left()

    def _write(self, _: int) -> None:
        self._session.write()

    def _obsolete(self, _: object) -> None:
        self.dispose()

    def _stop_reading(self) -> None:
        if self._reading is not None:
            unlisten(self._reading)
            self._reading = None

    def _read(self, _: int) -> None:
        """Take in what has come (called by the hub, which cannot wait)."""
        busy = self._frames.pending or len(self._waiting) >= MAX_WAITING
        if busy and self.closed_at is None:
            self._paused = True  # or the loop would call again and again
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
            return
        if not data:
            self._stop_reading()
            self._waiting.append(None)
        self._cut(data)
        if (self._waiting or self._frames.pending) and not self._handling:
            self._handling = True
            spawn(self._handle)

    def _cut(self, data: bytes) -> None:
        try:
            for message in self._frames.feed(data, FRAMES_PER_TURN):
                self._waiting.append(message)
        except FrameError as error:
            self._stop_reading()
            self._waiting.append(error)

    def _handle(self) -> None:
        handled = 0
        charge_to(self._session.payer)
        try:
            repay()
            while self._waiting or self._frames.pending:
                for item in self._take_waiting():
                    if self.closed_at is not None:
                        return
                    self._handle_one(item)
                    handled += 1
                    if handled % MESSAGES_PER_TURN == 0:
                        repay()
                        give_way()
                if self._frames.pending:
                    repay()
                    give_way()
                    self._cut(b"")
        finally:
            self._handling = False
            if self._paused and self._fileno >= 0:
                self._paused = False
                self.open()

    def _take_waiting(self) -> list[Message | FrameError | None]:
        waiting, self._waiting = self._waiting, []
        return waiting

    def _handle_one(self, item: Message | FrameError | None) -> None:
        if item is None:
            self._session.lost(self)
            self.dispose()
        elif isinstance(item, FrameError):
            log.info("closing %s: %s", self._session.sid, item)
            self._session.lost(self)
            self.end(item.code)
        elif item[0] == CLOSE:
            self._session.lost(self)
            assert isinstance(item[1], bytes)
            self.end(int.from_bytes(item[1][:2], "big") or NORMAL)
        elif item[0] == PING:
            assert isinstance(item[1], bytes)
            self._session.pinged_by(self, item[1])
        elif item[0] != PONG:
            self._session.receive_from(self, item[1])
