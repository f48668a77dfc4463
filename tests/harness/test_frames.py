"""The load generator counts received frames, however the stream is split."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from harness.clients import LoadError, ack_id, event
from harness.frames import PUSHES, encode, walk


def frame(payload: bytes) -> bytes:
    """Return an unmasked frame, as servers send it."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return bytes((0x81, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x81, 127)) + size.to_bytes(8, "big") + payload


PUSHED = [push + b',{"data":"' + b"x" * size + b'"}]' for push in PUSHES for size in (1, 300)]
OTHERS = [b"2", b'43/group,1[{"data":{}}]', b'42/group,["presence_changed",{}]', b"y" * 126]
STREAM = b"".join(map(frame, [OTHERS[0], *PUSHED, *OTHERS[1:]]))


def received(pieces: Iterator[bytes]) -> tuple[int, list[bytes]]:
    """Return the number of pushes and the other payloads in a stream of pieces."""
    pushes, others, rest = 0, list[bytes](), b""
    for piece in pieces:
        buffer = bytearray(rest + piece)
        found, used = walk(buffer, len(buffer), others.append)
        pushes, rest = pushes + found, bytes(buffer[used:])
    assert rest == b""
    return pushes, others


@pytest.mark.parametrize("size", [1, 2, 3, 7, 127, len(STREAM)])
def test_every_frame_is_counted_once_however_the_stream_is_split(size: int) -> None:
    pieces = (STREAM[at : at + size] for at in range(0, len(STREAM), size))

    assert received(pieces) == (len(PUSHED), OTHERS)


RUN = [PUSHES[0] + b',{"data":"' + b"x" * 300 + b'"}]'] * 50
SAME_SIZE = [
    (start + b"x" * len(RUN[0]))[: len(RUN[0])]
    for start in (
        b'43/group,1[{"data":"',
        b'42/group,["messages_changed","',
        b'42/group,["joined","',
    )
]


@pytest.mark.parametrize("size", [1, 100, 1_000, 1_000_000])
@pytest.mark.parametrize("other", [b"2", PUSHES[0], *SAME_SIZE])
def test_many_pushes_of_one_size_are_counted_up_to_what_is_none(size: int, other: bytes) -> None:
    stream = b"".join(map(frame, [*RUN, other, *RUN, other, other, *RUN[:3]]))
    pieces = (stream[at : at + size] for at in range(0, len(stream), size))
    are_pushes = other.startswith(PUSHES)

    assert received(pieces) == (103 + 3 * are_pushes, [] if are_pushes else [other] * 3)


def test_a_frame_of_more_than_64_kib_is_counted_once() -> None:
    payload = PUSHES[0] + b"x" * 70_000
    stream = frame(payload) + frame(OTHERS[0])
    pieces = (stream[at : at + 5_000] for at in range(0, len(stream), 5_000))

    assert received(pieces) == (1, [OTHERS[0]])


@pytest.mark.parametrize("first", [0x82, 0x01, 0x88])
def test_a_frame_that_our_server_never_sends_is_an_error(first: int) -> None:
    buffer = bytearray((first, 1)) + b"2"

    with pytest.raises(ValueError):
        walk(buffer, len(buffer), lambda _: None)


@pytest.mark.parametrize("size", [1, 125, 126, 65_535, 65_536])
def test_sent_frames_are_masked_with_zeros(size: int) -> None:
    payload = b"z" * size
    sent = encode(payload)
    extended = 0 if size < 126 else 2 if size < 1 << 16 else 8

    assert sent[1] & 0x80
    assert sent[2 + extended :] == b"\0\0\0\0" + payload


def test_an_event_is_one_packet_with_the_id_of_its_ack() -> None:
    packet = event("/group", 7, "sync", {"rooms": {"a": 1}})

    assert packet.startswith(b"42/group,7[")
    assert json.loads(packet.removeprefix(b"42/group,7")) == ["sync", {"rooms": {"a": 1}}]


def test_an_ack_says_which_send_it_answers() -> None:
    assert ack_id(b'43/direct,12[{"data":{"seq":3}}]', "/direct") == 12


def test_an_error_ack_ends_the_measurement() -> None:
    with pytest.raises(LoadError, match="rate_limited"):
        ack_id(b'43/group,1[{"error":{"code":"rate_limited"}}]', "/group")
