"""Which names a text mentions by an @, and whether it mentions everybody.

A mention begins where a word can begin, so `ann@example.org` is none. Text in Chinese has no spaces
around names: 请@ann看 mentions ann. Which names exist is not known here. So a name that may end
before its last dot, dash or underscore is returned in all its lengths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chat.text.normalization import fold

MAX_MENTIONS = 50  # different names in one text; later ones are plain text
MIN_NAME, MAX_NAME = 3, 20  # characters of a username
MAX_LENGTHS = 4  # in which one name is looked for
ALL = "所有人"
EVERYBODY = frozenset(("all", ALL))
ATS = "@\uff20\ufe6b"  # also in full width, and small
# Letters of usernames, also in full width, and those that `fold` makes to one letter i.
LETTERS = "A-Za-z0-9_.\\-\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff3f\uff0e\uff0d\u0130\u0131"
ADDRESS = "(?:https?://|www\\.)[!-~]+"
MENTION = re.compile(f"{ADDRESS}|[{ATS}]({ALL}|[{LETTERS}]+)", re.IGNORECASE)
ENDINGS = "._-"


@dataclass(frozen=True, slots=True)
class Named:
    """What a text names: for each mention the keys that may be meant, the longest one first."""

    names: tuple[tuple[str, ...], ...] = ()
    all: bool = False  # written by anybody; the caller checks who may mention all


def find_mentions(text: str) -> Named:
    """Return the names that a text mentions, each once and by its key, in their order."""
    if not any(at in text for at in ATS):
        return Named()
    names: dict[tuple[str, ...], None] = {}
    everybody = False
    for found in MENTION.finditer(text):
        if found[1] is None or _is_in_word(text, found.start()):
            continue
        keys = _keys_of(found[1])
        everybody = everybody or not EVERYBODY.isdisjoint(keys)
        if keys and len(names) < MAX_MENTIONS:
            names[keys] = None
    return Named(tuple(names), everybody)


def _is_in_word(text: str, place: int) -> bool:
    """Return whether the character before is of a word that goes on with the @.

    Letters with capitals are of scripts that put spaces between words. Underscores may be there to
    make a text italic.
    """
    place -= 1
    while place >= 0 and text[place] == "_":
        place -= 1
    if place < 0:
        return False
    before = text[place]
    return before.isdecimal() or before.lower() != before.upper() or before in "/" + ATS


def _keys_of(name: str) -> tuple[str, ...]:
    """Return the keys of a name and of its beginnings that end before a dot, dash or underscore.

    Of very many endings the longest one and the last ones are kept.
    """
    key = fold(name)
    shortest = max(MIN_NAME, len(key.rstrip(ENDINGS)))
    lengths = range(min(len(key), MAX_NAME), shortest - 1, -1)
    return tuple(key[:length] for length in [*lengths[:1], *lengths[1:][1 - MAX_LENGTHS :]])
