"""The WebSocket codec, with valid and invalid frames in pieces of every size."""

from __future__ import annotations

import pytest

from chat.realtime.transport.frames import (
    BAD_TEXT,
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    TOO_BIG,
    FrameError,
    FrameReader,
    encode_close,
    encode_frame,
    payload_of,
)
from tests.memory import least_memory

LIMIT = 70_000
MASK = b"\x12\xff\x00\x80"


def masked(payload: bytes, opcode: int = TEXT, final: bool = True, reserved: int = 0) -> bytes:
    """Return a frame as a client sends it."""
    size, mask = len(payload), MASK
    head = bytes([(0x80 if final else 0) | reserved | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65_536:
        head += bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def read(data: bytes, piece: int = 1 << 20) -> list[tuple[int, bytes | str]]:
    reader = FrameReader(LIMIT)
    return [
        message
        for start in range(0, len(data), piece)
        for message in reader.feed(data[start : start + piece])
    ]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65_535, 65_536])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_payloads_of_every_size_are_parsed(size: int, opcode: int) -> None:
    payload = b"*" * size
    expected = payload.decode() if opcode == TEXT else payload
    assert read(masked(payload, opcode)) == [(opcode, expected)]
    assert payload_of(encode_frame(payload, opcode)) == payload


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 997])
def test_pieces_of_any_size_yield_the_same_messages(piece: int) -> None:
    data = masked("héllo €".encode()) + masked(b"x" * 300, BINARY) + masked(b"", PING)
    assert read(data, piece) == [(TEXT, "héllo €"), (BINARY, b"x" * 300), (PING, b"")]


def test_fragments_are_joined_and_control_frames_pass_between_them() -> None:
    text = "ganz schön lang €".encode()
    data = (
        masked(text[:7], TEXT, final=False)  # in the middle of a character
        + masked(b"are you there", PING)
        + masked(text[7:9], CONTINUATION, final=False)
        + masked(b"", PONG)
        + masked(text[9:], CONTINUATION)
    )
    assert read(data) == [(PING, b"are you there"), (PONG, b""), (TEXT, text.decode())]


@pytest.mark.parametrize(
    "data",
    [
        masked(b"", reserved=0x40),
        masked(b"", reserved=0x10),
        encode_frame(b"not masked"),
        masked(b"", opcode=3),
        masked(b"", opcode=7),
        masked(b"", opcode=11),
        masked(b"", opcode=15),
        masked(b"x" * 126, PING),
        masked(b"", PING, final=False),
        masked(b"nothing to go on with", CONTINUATION),
        masked(b"a", TEXT, final=False) + masked(b"b", TEXT),
        masked(b"a", BINARY, final=False) + masked(b"b", BINARY, final=False),
        masked(b"\x03", CLOSE),
        *(masked(code.to_bytes(2, "big"), CLOSE) for code in (0, 999, 1004, 1005, 1006, 1015)),
        *(masked(code.to_bytes(2, "big"), CLOSE) for code in (1016, 1100, 2000, 2999, 5000)),
    ],
)
def test_frames_that_the_protocol_forbids_are_errors(data: bytes) -> None:
    with pytest.raises(FrameError) as error:
        read(data)
    assert error.value.code == PROTOCOL_ERROR


@pytest.mark.parametrize(
    "data",
    [
        masked(b"\xff"),
        masked(b"\xed\xa0\x80"),  # a surrogate
        masked(b"\xf4\x90\x80\x80"),  # beyond the last code point
        masked(b"ok", TEXT, final=False) + masked(b"\xc0\xaf", CONTINUATION),
        masked(b"\x03\xe8\xff", CLOSE),
    ],
)
def test_text_that_is_not_utf_8_is_an_error(data: bytes) -> None:
    with pytest.raises(FrameError) as error:
        read(data)
    assert error.value.code == BAD_TEXT


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 3000, 4999])
def test_valid_close_codes_are_accepted(code: int) -> None:
    payload = code.to_bytes(2, "big") + b"bye"
    assert read(masked(payload, CLOSE)) == [(CLOSE, payload)]
    assert payload_of(encode_close(code)) == payload[:2]


def test_all_fragments_of_a_message_share_its_limit() -> None:
    part = b"x" * (LIMIT // 4)
    whole = masked(part, TEXT, final=False) + masked(part, CONTINUATION, final=False) * 2
    assert read(whole + masked(part, CONTINUATION)) == [(TEXT, (part * 4).decode())]
    with pytest.raises(FrameError) as error:
        read(whole + masked(part + b"xxxx", CONTINUATION))
    assert error.value.code == TOO_BIG


def test_a_size_beyond_the_limit_is_refused_before_its_payload_arrives() -> None:
    head = bytes([0x80 | TEXT, 0x80 | 127]) + (1 << 40).to_bytes(8, "big")
    with pytest.raises(FrameError) as error:
        read(head)
    assert error.value.code == TOO_BIG


def test_at_most_the_requested_number_of_frames_is_parsed() -> None:
    reader = FrameReader(LIMIT)
    data = masked(b"a", TEXT, final=False) + masked(b"", CONTINUATION, final=False) * 5
    assert list(reader.feed(data + masked(b"b", CONTINUATION) + masked(b"", PING), 6)) == []
    assert reader.pending
    assert list(reader.feed(b"", 6)) == [(TEXT, "ab"), (PING, b"")]
    assert not reader.pending


def test_empty_fragments_use_no_memory() -> None:
    reader = FrameReader(LIMIT)
    assert list(reader.feed(masked(b"", TEXT, final=False))) == []
    empty = masked(b"", CONTINUATION, final=False) * 1_000

    def feed() -> None:
        for _ in range(50):
            assert list(reader.feed(empty)) == []

    assert least_memory(feed).held < 2 * len(empty)


def test_messages_before_an_error_are_not_lost() -> None:
    reader = FrameReader(LIMIT)
    messages = reader.feed(masked(b"first") + masked(b"", opcode=3))
    assert next(messages) == (TEXT, "first")
    with pytest.raises(FrameError):
        next(messages)
