"""Detecting blank text and hidden characters, independently of Python's tables."""

from __future__ import annotations

import json
import subprocess
import unicodedata

import pytest

from chat.text.visibility import is_blank, is_line
from harness.programs import node
from harness.servers import PATIENCE, ROOT

# The page asks the JavaScript engine for the properties, which has them from Unicode.
SCRIPT = """
    import { isBlank } from "./chat/static/js/text.js";
    const blank = [];
    for (let code = 0; code <= 0x10ffff; code += 1) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      if (isBlank(String.fromCodePoint(code))) blank.push(code);
    }
    console.log(JSON.stringify(blank));
"""


def test_the_server_and_the_page_judge_each_code_point_alike_by_unicodes_properties() -> None:
    run = [node(), "--input-type=module", "--eval", SCRIPT]
    printed = subprocess.run(
        run, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    found = [
        code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF and is_blank(chr(code))
    ]
    assert found == json.loads(printed.stdout)


@pytest.mark.parametrize(
    "text",
    [
        "🫨",
        "\U00031350",
        "\U0001fae9",  # emoji of Unicode 16
        "\U000323b0",  # a Chinese character of Unicode 17
        "\U0001faff",  # reserved for a future emoji
        "\ue000",
        "\u0301",
        "❤️",
        "‎a",
        "\u0600",  # counts as a format character and has a shape
    ],
)
def test_what_has_a_shape_is_seen_whatever_pythons_tables_know(text: str) -> None:
    assert not is_blank(text)


def test_the_newest_characters_are_unknown_to_some_python() -> None:
    """Or the test above would show nothing."""
    assert unicodedata.category("\U0001faff") == "Cn"


@pytest.mark.parametrize(
    "text",
    [
        "\ufe0f",
        "\u034f",
        "\u17b4\u17b5",
        "\u180b\u180e",
        "\U000e0041\U000e007f",
        "\u200b",
        "\u115f\u1160",
        "\u3164\uffa0",
        "\u2800",
        "\u2065\ufff0\U000e0fff",  # reserved for future ignorable characters
        "\U000e0100",
        "\u00ad",
        "\u202e\u2066 \n\u3000",
        "\x01\x85",
        "\ufff9\ufffb",
    ],
)
def test_what_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    "name",
    [
        "👩‍👩‍👧",
        "👩‍❤️‍💋‍👩",
        "1️⃣",
        "❤️",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "می‌خواهم",
        "葛\U000e0100城",
        "ᠮᠣᠩᠭᠣᠯ\u180b",
        "🫨",
        "\U00031350",
        "A B",
    ],
)
def test_names_may_have_joiners_selectors_and_flags(name: str) -> None:
    assert is_line(name)


@pytest.mark.parametrize(
    "name",
    [
        "a\u200bb",
        "a\u202eb",
        "a\u2066b",
        "a\u00adb",
        "a\u034fb",
        "a\u3164",
        "a\u1160b",
        "a\u17b4",
        "a\U000e0041\U000e0042\U000e007f",  # text in tags behind a letter
        "🏴\U000e0041\U000e007f",  # no flag has capitals
        "🏴\U000e0067",  # no end
        "🏴" + "\U000e0061" * 7 + "\U000e007f",  # no flag has so many
        "a\u2028b",
        "a\ufff9b",
        "a\ufeff",
        "a\u2065",
        "Ali\u200dce",
        "Ali\ufe0fce",
        "\u200dAlice",
        "😀\U000e0101\U000e0102\U000e0103",
    ],
)
def test_names_hide_nothing(name: str) -> None:
    assert not is_line(name)
