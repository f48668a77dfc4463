"""Which names a text mentions by an @."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.schemas.fields import USERNAME
from chat.schemas.messages import MAX_DATA
from chat.text.mentions import MAX_MENTIONS, MAX_NAME, MIN_NAME, find_mentions
from chat.text.normalization import fold

# The page reads the same table in tests/page/js/mentions.test.mjs.
TABLE = json.loads(Path(__file__).with_name("mentions.json").read_text("utf-8"))
USERNAMES = st.from_regex(USERNAME, fullmatch=True)


def first_names(text: str) -> list[str]:
    """Return the longest key of each mention."""
    return [keys[0] for keys in find_mentions(text).names]


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: str(case["text"]))
def test_the_server_takes_as_mentions_what_the_page_shows_as_such(case: dict[str, Any]) -> None:
    found = find_mentions(case["text"])
    known = [next((key for key in keys if key in TABLE["people"]), None) for keys in found.names]
    assert list(dict.fromkeys(filter(None, known))) == case["names"]
    assert found.all is case["all"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("hello", []),
        ("@ann", ["ann"]),
        ("(@Ann) @BOB!", ["ann", "bob"]),
        ("请@ann看一下", ["ann"]),
        ("＠ａｎｎ，﹫bob", ["ann", "bob"]),
        ("@İlker", ["ilker"]),
        ("@ann@bob", ["ann"]),
        ("**@ann** _@bob_", ["ann", "bob_"]),
        ("ann@example.org", []),
        ("a_@example.org josé@example.org", []),
        ("@@ann", []),
        ("https://example.org/@ann @bob", ["bob"]),
        ("example.org/@ann www.example.org?@ann", []),
        ("看https://example.org/看@ann", ["ann"]),
        ("@ab @" + "a" * (MAX_NAME + 1), []),
        ("@ann @bob @Ann", ["ann", "bob"]),
    ],
)
def test_a_name_follows_an_at_that_begins_a_word(text: str, names: list[str]) -> None:
    assert first_names(text) == names


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("@ann.", ("ann.", "ann")),
        ("@ann-.", ("ann-.", "ann-", "ann")),
        ("@ann......", ("ann......", "ann..", "ann.", "ann")),
        ("@ann.lee", ("ann.lee",)),
        ("@ann" + "." * 1_000, ("ann" + "." * 17, "ann..", "ann.", "ann")),
        ("@...", ("...",)),
    ],
)
def test_a_name_may_end_before_its_last_signs(text: str, keys: tuple[str, ...]) -> None:
    assert find_mentions(text).names == (keys,)


def test_so_many_names_of_a_text_count() -> None:
    named = first_names(" ".join(f"@user{number}" for number in range(MAX_MENTIONS + 1)))
    assert named == [f"user{number}" for number in range(MAX_MENTIONS)]


@given(USERNAMES, st.sampled_from(["", "hello ", "你好", "(", "\n", "*"]), st.text())
def test_every_username_can_be_mentioned(username: str, before: str, after: str) -> None:
    """The key of the whole name is among those that may be meant."""
    text = f"{before}@{username} {after}"
    assert fold(username) in find_mentions(text).names[0]


@given(st.text(alphabet="@＠.-_aAｂ所有人 \u0130w/é1", max_size=80))
def test_what_is_found_can_be_a_name_and_stands_in_the_text(text: str) -> None:
    for keys in find_mentions(text).names:
        assert keys == tuple(dict.fromkeys(keys))
        for key in keys:
            assert MIN_NAME <= len(key) <= MAX_NAME and key in fold(text)


@pytest.mark.parametrize(
    "part", ["@", "@a.", "_@", "@all", "www.", "@" + "_" * 60, "@user", "https://"]
)
def test_no_text_takes_long(part: str) -> None:
    text = (part * MAX_DATA)[:MAX_DATA]
    began = time.thread_time()
    find_mentions(text)
    assert time.thread_time() - began < 0.1
