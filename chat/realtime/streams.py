"""A stream over an HTTP connection that enforces a minimum rate."""

from __future__ import annotations

import errno
import io
import socket
import struct
import time
from typing import Any

from eventlet import hubs

from chat.concurrency import repay
from chat.realtime.transport.pace import Pace

WAITS_PER_REPAY = 16
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing the socket drops unsent bytes


class PacedStream(io.RawIOBase):
    """A green socket as a raw stream.

    `incoming` is the pace of the present request body, `outgoing` that of the answer; with None
    only the socket's own time-out applies. Raises TimeoutError when a client is too slow, and
    BrokenPipeError for every write after that. `waits` counts how often a read had to wait; after
    each WAITS_PER_REPAY waits the caller repays its debt.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.incoming: Pace | None = None
        self.outgoing: Pace | None = None
        self.waits = 0
        self._gave_up = False

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Read available bytes into the buffer, or wait for some."""
        while True:
            try:
                size: int = self._connection.fd.recv_into(buffer)
            except BlockingIOError:
                self._wait(self.incoming, read=True)
                self.waits += 1
                if self.waits % WAITS_PER_REPAY == 0:
                    repay()  # meanwhile more bytes arrive, which one read takes together
                continue
            if self.incoming is not None:
                self.incoming.add_bytes(size)
            return size

    def write(self, data: Any) -> int:
        """Write what the kernel takes; wait if its buffer is full."""
        if self._gave_up:
            raise BrokenPipeError(errno.EPIPE, "the client was too slow")
        while True:
            try:
                size: int = self._connection.fd.send(data)
            except BlockingIOError:
                try:
                    self._wait(self.outgoing, write=True)
                except TimeoutError:
                    self._give_up()
                    raise
                continue
            if self.outgoing is not None:
                self.outgoing.add_bytes(size)
            return size

    def _wait(self, pace: Pace | None, **direction: bool) -> None:
        seconds = self._connection.gettimeout()
        if pace is not None:
            seconds = min(pace.left, pace.left if seconds is None else seconds)
        if seconds is not None and seconds <= 0:
            raise TimeoutError
        began = time.monotonic()
        # Pass the class, not an instance: an instance in a variable would keep this frame, and with
        # it the whole answer, until the next full garbage collection.
        hubs.trampoline(
            self._connection.fileno(), timeout=seconds, timeout_exc=TimeoutError, **direction
        )
        if pace is not None:
            pace.add_wait(time.monotonic() - began)

    def _give_up(self) -> None:
        """Refuse further writes, and let the kernel drop what the client has not taken."""
        self._gave_up = True
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
