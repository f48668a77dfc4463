"""Formatting output for a terminal of 80 columns. Input of users is escaped."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from chat.logs import escape


def line(cells: Iterable[tuple[object, int]]) -> str:
    """Return one line of cells, each with its width; longer cells are cut."""
    return "  ".join(_fit(escape(str(value)), width) for value, width in cells).rstrip()


def facts(pairs: Iterable[tuple[str, object]]) -> Iterator[str]:
    """Yield a line for each name and value; empty values are left out."""
    for name, value in pairs:
        if value not in ("", None):
            yield f"{name + ':':<12}{escape(str(value))}"


def date(milliseconds: int) -> str:
    """Return the date."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d")


def moment(milliseconds: int) -> str:
    """Return a time to the minute."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _fit(text: str, width: int) -> str:
    """Return text padded or cut to `width` columns; Chinese characters take two each."""
    if _columns(text) > width:
        while _columns(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - _columns(text))


def _columns(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    narrow = sum(unicodedata.combining(character) == 0 for character in text)
    return wide + narrow
