"""Encodes and parses WebSocket frames (RFC 6455), without any I/O.

No extension is negotiated, so messages are not compressed.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator

CONTINUATION, TEXT, BINARY = 0x0, 0x1, 0x2
CLOSE, PING, PONG = 0x8, 0x9, 0xA
CONTROL = 0x8  # the bit that marks control frames

NORMAL, GOING_AWAY = 1000, 1001
PROTOCOL_ERROR, UNSUPPORTED, BAD_TEXT, TOO_BIG = 1002, 1003, 1007, 1009

MAX_CONTROL = 125
FINAL, RESERVED, MASKED, LENGTH = 0x80, 0x70, 0x80, 0x7F
LENGTH_16, LENGTH_64 = 126, 127

Message = tuple[int, bytes | str]  # opcode and payload; text is decoded


class FrameError(Exception):
    """The client violated the protocol; close the connection with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def encode_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return one unmasked frame with a whole message."""
    size = len(payload)
    if size < LENGTH_16:
        return bytes((FINAL | opcode, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", FINAL | opcode, LENGTH_16, size) + payload
    return struct.pack("!BBQ", FINAL | opcode, LENGTH_64, size) + payload


def encode_close(code: int) -> bytes:
    """Return a close frame with a close code."""
    return encode_frame(struct.pack("!H", code), CLOSE)


def payload_of(frame: bytes) -> bytes:
    """Return the payload of a frame made by `encode_frame`."""
    return frame[{LENGTH_16: 4, LENGTH_64: 10}.get(frame[1], 2) :]


class FrameReader:
    """Parses the frames of a client, from pieces of any size.

    `limit` is the maximum size of one message in bytes, over all its fragments. After `feed`,
    `pending` says that the buffer may hold further complete frames.
    """

    __slots__ = ("_limit", "_buffer", "_opcode", "_fragments", "pending")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._opcode = CONTINUATION  # of the fragmented message; CONTINUATION if there is none
        self._fragments = bytearray()  # its payload so far
        self.pending = False

    def feed(self, data: bytes, most: int = sys.maxsize) -> Iterator[Message]:
        """Parse at most `most` complete frames; yield their messages and control frames.

        Raises FrameError; do not feed the reader again after it.
        """
        self._buffer += data
        self.pending = False
        for _ in range(most):
            frame = self._next_frame()
            if frame is None:
                return
            final, opcode, payload = frame
            if opcode & CONTROL:
                yield opcode, _check_close(payload) if opcode == CLOSE else payload
                continue
            if opcode != CONTINUATION:
                self._opcode = opcode
            if not final:
                self._fragments += payload
                continue
            if self._fragments:
                payload = bytes(self._fragments + payload)
                self._fragments.clear()
            opcode, self._opcode = self._opcode, CONTINUATION
            yield opcode, _decode(payload) if opcode == TEXT else payload
        self.pending = True

    def _next_frame(self) -> tuple[int, int, bytes] | None:
        """Remove the next complete frame from the buffer and return it, or None."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        first, second = buffer[0], buffer[1]
        final, opcode, size = first & FINAL, first & 0x0F, second & LENGTH
        if first & RESERVED:
            raise FrameError(PROTOCOL_ERROR, "a reserved bit is set")
        if not second & MASKED:
            raise FrameError(PROTOCOL_ERROR, "a frame is not masked")
        start = 2
        if opcode & CONTROL:
            if opcode > PONG or size > MAX_CONTROL or not final:
                raise FrameError(PROTOCOL_ERROR, "not a control frame")
        else:
            self._check_order(opcode)
            if size == LENGTH_16:
                start, size = 4, int.from_bytes(buffer[2:4], "big")
            elif size == LENGTH_64:
                start, size = 10, int.from_bytes(buffer[2:10], "big")
            if len(buffer) < start:
                return None
            if len(self._fragments) + size > self._limit:
                raise FrameError(TOO_BIG, "a message is too big")
        end = start + 4 + size
        if len(buffer) < end:
            return None
        mask, payload = bytes(buffer[start : start + 4]), bytes(buffer[start + 4 : end])
        del buffer[:end]
        return final, opcode, _unmask(mask, payload)

    def _check_order(self, opcode: int) -> None:
        if opcode > BINARY:
            raise FrameError(PROTOCOL_ERROR, "an unknown kind of frame")
        if (opcode == CONTINUATION) != (self._opcode != CONTINUATION):
            raise FrameError(PROTOCOL_ERROR, "a fragment out of place")


def _unmask(mask: bytes, payload: bytes) -> bytes:
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
    return (int.from_bytes(payload, "little") ^ key).to_bytes(size, "little")


def _decode(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise FrameError(BAD_TEXT, "text that is not UTF-8") from None


def _check_close(payload: bytes) -> bytes:
    if not payload:
        return payload
    code = int.from_bytes(payload[:2], "big")
    known = 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999
    if len(payload) == 1 or not known:
        raise FrameError(PROTOCOL_ERROR, "a close code that does not exist")
    _decode(payload[2:])
    return payload
