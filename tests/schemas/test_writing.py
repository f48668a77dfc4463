"""The JSON that leaves the server on sockets."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.models import Message
from chat.schemas.writing import Encoded, write_json

CHARACTERS = "".join(chr(code) for code in range(0x11000) if not 0xD800 <= code < 0xE000)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@given(VALUES)
def test_it_is_compact_and_in_utf8_without_escapes(value: object) -> None:
    assert write_json(value) == compact(value)


def test_each_character_is_written_as_the_standard_library_writes_it() -> None:
    assert write_json({CHARACTERS: CHARACTERS}) == compact({CHARACTERS: CHARACTERS})


def test_an_encoded_value_stands_as_it_is_wherever_it_is_nested() -> None:
    value = {"data": ["\u2028", "👍", 7, None]}
    assert write_json(["event", {"data": Encoded(write_json(value))}]) == compact(
        ["event", {"data": value}]
    )


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        {"\udfff": 1},
        2**64,
        -(2**63) - 1,
        {1: 1},
        b"bytes",
        datetime(2026, 1, 1, tzinfo=UTC),
    ],
    ids=repr,
)
def test_what_is_not_part_of_the_wire_is_an_error(value: object) -> None:
    with pytest.raises(TypeError):
        write_json(value)


def test_a_model_that_nobody_dumped_is_an_error() -> None:
    with pytest.raises(TypeError):
        write_json(Message("m1", "r1", "u1", 7, "c1", "hello", 1, 2))
