"""The parts of names by which people are found, and which of them are worth searching for.

Every part of a name is the beginning of what is left of the name somewhere. So an index of these
endings finds all parts by a search for beginnings.
"""

from __future__ import annotations

import re

MAX_PART = 20  # characters of an ending; longer ones are compared by the names themselves
MAX_ENDINGS = 60  # of one name; normalization can make a name many times longer
MIN_PART = 2
# Scripts in which one character is a word: hanzi, kana, hangul.
WORDS = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]")


def endings_of(*keys: str) -> list[str]:
    """Return what the keys of names end with, cut, each once; the whole keys are left out."""
    endings = {
        key[place : place + MAX_PART]
        for key in keys
        for place in range(1, min(len(key), MAX_ENDINGS + 1))
        if is_searchable(key[place:])
    }
    return sorted(endings)


def is_searchable(part: str) -> bool:
    """Return whether a part is so long that few names have it, and no white space begins it."""
    return not part[:1].isspace() and (len(part) >= MIN_PART or bool(WORDS.match(part)))
