"""Which text is one emoji of Unicode, and the one spelling of it that is kept."""

from __future__ import annotations

from functools import cache

import emoji


def find_emoji(text: str) -> str | None:
    """Return an emoji as Unicode recommends to write it, or None for any other text.

    Several spellings look the same: most programs leave out a selector here and there.
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
