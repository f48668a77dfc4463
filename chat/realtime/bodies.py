"""Reads request bodies in chunked transfer coding, and refuses those whose end is ambiguous."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import eventlet

from chat.concurrency import yield_to_others

MAX_CHUNK_LINE = 256  # bytes: a size and its chunk extensions
MAX_TRAILERS = 8_192  # bytes of all trailer fields, which are ignored
CHUNKS_PER_TURN = 64  # then other green threads run
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n")


class BadChunk(Exception):
    """The end of a chunked body is ambiguous."""


class Deadline:
    """A deadline for a whole read. A socket's own time-out starts again with each byte."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def timeout(self) -> Any:
        """Return a context manager that raises `socket.timeout` in its body at the deadline."""
        left = max(0.0, self._ends - time.monotonic())
        return eventlet.Timeout(left, socket.timeout("it takes too long"))


@dataclass(frozen=True, slots=True)
class ChunkedBody:
    """The received part of a chunked body, and the Content-Length for the application.

    The length exceeds that of `data` when the client hung up, took too long, or sends more than it
    may. So the application handles it like any other body that is incomplete or too large.
    """

    data: bytes
    length: int

    @property
    def is_whole(self) -> bool:
        return len(self.data) == self.length


def read_chunked(
    source: Any,
    limit: int,
    widen: Callable[[], int] | None = None,
    too_much: int = 0,
    rest: Callable[[], None] = yield_to_others,
) -> ChunkedBody:
    """Read a chunked body of at most `limit` bytes; call `rest` after each CHUNKS_PER_TURN chunks.

    When the body exceeds the limit, `widen` is called once and returns a new limit. The length of a
    body beyond that is at least `too_much`. Raises BadChunk when another reader could find another
    end.
    """
    data = bytearray()
    try:
        count = 0
        while size := _read_size(source):
            if len(data) + size > limit and widen is not None:
                limit, widen = widen(), None
            if len(data) + size > limit:
                return ChunkedBody(bytes(data), max(len(data) + size, too_much))
            data += _read_chunk(source, size)
            count += 1
            if count % CHUNKS_PER_TURN == 0:
                rest()
        _skip_trailers(source)
    except (OSError, EOFError):
        return ChunkedBody(bytes(data), len(data) + 1)
    return ChunkedBody(bytes(data), len(data))


def _read_size(source: Any) -> int:
    match = CHUNK_LINE.fullmatch(_read_line(source, MAX_CHUNK_LINE))
    if match is None:
        raise BadChunk("not the size of a chunk")
    return int(match[1], 16)


def _read_chunk(source: Any, size: int) -> bytes:
    chunk: bytes = source.read(size)
    end: bytes = source.read(2)
    if len(chunk) < size or len(end) < 2:
        raise EOFError
    if end != b"\r\n":
        raise BadChunk("a chunk longer than its size")
    return chunk


def _skip_trailers(source: Any) -> None:
    left = MAX_TRAILERS
    while (line := _read_line(source, left)) != b"\r\n":
        if not TRAILER.fullmatch(line):
            raise BadChunk("not a trailer field")
        left -= len(line)


def _read_line(source: Any, most: int) -> bytes:
    """Return a line of at most `most` bytes with its line end."""
    line: bytes = source.readline(most)
    if not line.endswith(b"\n"):
        if len(line) < most:
            raise EOFError
        raise BadChunk("a line too long")
    return line
