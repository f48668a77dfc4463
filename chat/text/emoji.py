"""Recognizing an emoji of Unicode, and its recommended spelling."""

from __future__ import annotations

from functools import cache

import emoji


def find_emoji(text: str) -> str | None:
    """Return the recommended spelling of an emoji, or None for any other text.

    An emoji has several spellings that look the same, because many programs omit selectors.
    """
    return _spellings().get(text)


@cache
def _spellings() -> dict[str, str]:
    """Return the recommended spelling of each emoji by all its spellings."""
    recommended = emoji.STATUS["fully_qualified"]
    by_name = {
        data["en"]: text for text, data in emoji.EMOJI_DATA.items() if data["status"] == recommended
    }
    return {
        text: by_name[data["en"]]
        for text, data in emoji.EMOJI_DATA.items()
        if data["en"] in by_name
    }
