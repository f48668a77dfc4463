"""Counts WebSocket frames at the lowest possible cost."""

from __future__ import annotations

from collections.abc import Callable

# Frames that are counted without being parsed.
PUSHES = (b'42/group,["message_created"', b'42/direct,["message_created"')

FEW = 8  # so many frames are walked one by one as fast as they are compared
FINAL_TEXT = 0x81
FINAL_CLOSE = 0x88
MASKED = 0x80


def encode(payload: bytes) -> bytes:
    """Return a client's text frame. Its mask is zero, so the payload stays as it is."""
    size = len(payload)
    if size < 126:
        head = bytes((FINAL_TEXT, MASKED | size))
    elif size < 1 << 16:
        head = bytes((FINAL_TEXT, MASKED | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((FINAL_TEXT, MASKED | 127)) + size.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


def walk(buffer: bytearray, end: int, other: Callable[[bytes], object]) -> tuple[int, int]:
    """Count the pushed messages among the complete frames in `buffer[:end]`.

    Returns their number and the start of the first incomplete frame. `other` is called with the
    payload of every other frame. Raises ValueError on frames that these servers do not send: masked
    frames, fragments, binary frames and close frames.
    """
    at = pushes = 0
    while at + 2 <= end:
        size, start = buffer[at + 1], at + 2
        if size == 126:
            if at + 4 > end:
                break
            size, start = buffer[at + 2] << 8 | buffer[at + 3], at + 4
        elif size == 127:
            if at + 10 > end:
                break
            size, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
        elif size > 127:
            raise ValueError("a masked frame")
        if buffer[at] != FINAL_TEXT:
            raise ValueError("closed" if buffer[at] == FINAL_CLOSE else "not a whole text frame")
        after = start + size
        if after > end:
            break
        if buffer.startswith(PUSHES, start):
            pushes += 1
            alike = _count_alike(buffer, at, start, after, end)
            pushes += alike
            after += alike * (after - at)
        else:
            other(bytes(buffer[start:after]))
        at = after
    return pushes, at


def _count_alike(buffer: bytearray, at: int, start: int, after: int, end: int) -> int:
    """Return how many whole frames after the push in `buffer[at:after]` are pushes of its size.

    It compares the same byte of all frames at once: those of the head, of which each says where the
    next frame is, and two of the payload that tell a push from an ack and from other events.
    """
    size = after - at
    count = (end - after) // size
    if count < FEW or buffer[after : after + start - at] != buffer[at:start]:
        return 0
    for place in (*range(at, start), start + 1, buffer.index(b"_", start)):
        column = buffer[place + size : after + count * size : size]
        count -= len(column.lstrip(buffer[place : place + 1]))
    return count
