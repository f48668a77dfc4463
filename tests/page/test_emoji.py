"""The picker offers only emoji that the server takes as reactions."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import pytest

from chat.text.emoji import find_emoji

EMOJI = Path(__file__).resolve().parents[2] / "chat" / "static" / "emoji"
TONES = "🏻🏼🏽🏾🏿"


def read(name: str) -> list[str]:
    """Return a list of one of the picker's files."""
    content = json.loads((EMOJI / f"{name}.json").read_text("utf-8"))
    return content if isinstance(content, list) else list(chain(*content["groups"]))


def test_every_emoji_is_one_that_the_server_stores_as_it_is() -> None:
    found = read("list")
    assert len(found) == len(set(found)) > 1_500
    assert [emoji for emoji in found if find_emoji(emoji) != emoji] == []


def test_every_skin_tone_makes_an_emoji() -> None:
    toned = json.loads((EMOJI / "list.json").read_text("utf-8"))["tones"]
    made = [one[0] + tone + one[1:].removeprefix("\ufe0f") for one in toned for tone in TONES]
    assert [emoji for emoji in made if find_emoji(emoji) != emoji] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_emoji_has_a_name(language: str) -> None:
    texts = read(language)
    assert len(texts) == len(read("list"))
    assert all(text.split("|")[0] for text in texts)
