"""Both languages say the same, and the right one is chosen."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from chat import errors
from chat.i18n import CATALOGUE, Text, choose_locale, render, translate

CHAT = Path(__file__).resolve().parents[1] / "chat"
CHINESE = re.compile("[\u4e00-\u9fff\u3010]")  # and the bracket around names


def parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_every_text_exists_in_both_languages_with_the_same_parameters(key: str) -> None:
    line = CATALOGUE[key]
    assert line.zh and CHINESE.search(line.zh)
    assert line.en and not CHINESE.search(line.en)
    assert parameters(line.zh) == parameters(line.en)


def subclasses(kind: type[errors.ChatError]) -> set[type[errors.ChatError]]:
    return {kind}.union(*(subclasses(child) for child in kind.__subclasses__()))


def test_every_error_has_its_text() -> None:
    codes = {kind.code for kind in subclasses(errors.ChatError)}
    assert {f"error.{code}" for code in codes} <= set(CATALOGUE)


def test_every_key_that_the_program_names_exists_and_each_is_named() -> None:
    source = "\n".join(
        file.read_text(encoding="utf-8") for file in CHAT.rglob("*.py") if file.name != "i18n.py"
    )
    named = set(re.findall(r"[\"'](invalid\.[a-z_]+)[\"']", source))
    assert named - set(CATALOGUE) == set()
    assert {key for key in CATALOGUE if key.startswith("invalid.")} - named == set()


@pytest.mark.parametrize(
    ("saved", "header", "chosen"),
    [
        (None, None, "zh"),
        (None, "", "zh"),
        (None, "en", "en"),
        (None, "en-US,zh;q=0.5", "en"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "en;q=0.3,zh-Hant;q=0.7", "zh"),
        (None, "fr,de;q=0.9,en;q=0.1", "en"),
        (None, "fr", "zh"),
        (None, "en;q=0", "zh"),
        (None, "EN-gb", "en"),
        (None, "*", "zh"),
        (None, "fr, *;q=0.5, en;q=0.4", "zh"),
        (None, "en;q=abc", "zh"),
        (None, "en;q=nan", "zh"),
        (None, "en;q=inf", "zh"),
        (None, ";;;,,=,en", "en"),
        (None, "english", "zh"),
        ("en", "zh", "en"),
        ("zh", "en", "zh"),
        ("fr", "en", "en"),
    ],
)
def test_the_saved_language_comes_first_then_the_most_preferred(
    saved: str | None, header: str | None, chosen: str
) -> None:
    assert choose_locale(saved, header) == chosen


def test_only_the_beginning_of_a_long_header_is_read() -> None:
    assert choose_locale(None, "fr," * 31 + "en") == "en"
    assert choose_locale(None, "fr," * 32 + "en") == "zh"
    assert choose_locale(None, " " * 990 + "en") == "en"
    assert choose_locale(None, " " * 1_000 + "en") == "zh"


def test_a_text_carries_its_parameters_until_it_is_rendered() -> None:
    text = Text("invalid.too_long", max=50)
    assert render(text, "en") == "At most 50 characters, please."
    assert render(text, "zh") == "长度不能超过 50 个字符。"


def test_a_key_that_is_not_ours_reads_as_not_valid() -> None:
    assert translate("Not a valid datetime.", "en") == "Not a valid value."
