"""Recognizing emoji."""

from __future__ import annotations

import pytest

from chat.text.emoji import find_emoji


@pytest.mark.parametrize(
    "text", ["😀", "❤️", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇨🇳", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "1️⃣", "©️", "🫩"]
)
def test_an_emoji_is_one(text: str) -> None:
    assert find_emoji(text) == text


@pytest.mark.parametrize(("text", "kept"), [("❤", "❤️"), ("☺", "☺️"), ("1⃣", "1️⃣")])
def test_an_emoji_has_one_spelling(text: str, kept: str) -> None:
    assert find_emoji(text) == kept


@pytest.mark.parametrize("text", ["", "a", "1", "❤️❤️", " 😀", ":heart:", "🏽", "\ufe0f", "\u200d"])
def test_other_text_is_none(text: str) -> None:
    assert find_emoji(text) is None
