"""Detecting blank text, and text with hidden characters.

The rules use properties of Unicode, not general categories, because Python's tables treat every
newer emoji and Chinese character as unassigned. These properties also cover the code points that
Unicode reserves for later, so they hardly ever change.
"""

from __future__ import annotations

import re

# Source: DerivedCoreProperties.txt and PropList.txt of Unicode 16.0, as sets of a regular
# expression.
DEFAULT_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
WHITE_SPACE = "\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
CONTROL = "\u0000-\u001f\u007f-\u009f"
ANNOTATION = "\ufff9-\ufffb"  # annotation anchors: not used in text, and invisible in browsers
EMPTY_BRAILLE = "\u2800"

# Invisible characters that names may contain: joiners, as in emoji and in Persian words, and
# variation selectors. Not at the start, not after Latin letters, which they do not change, and not
# in long runs, because these can hide text.
JOINERS = "\u200c\u200d"
SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")

VISIBLE = re.compile(f"[^{DEFAULT_IGNORABLE}{WHITE_SPACE}{CONTROL}{ANNOTATION}{EMPTY_BRAILLE}]")
IGNORABLE = re.compile(f"[{DEFAULT_IGNORABLE}]")
MODIFIER = f"[{JOINERS}{SELECTORS}]"
HIDING = re.compile(
    f"(?!{MODIFIER})[{DEFAULT_IGNORABLE}{CONTROL}{ANNOTATION}\u2028\u2029]"
    f"|(?:^|[A-Za-z]){MODIFIER}|{MODIFIER}{{3}}"
)
LINE_BREAKS = re.compile("[\t\n\r]")


def is_blank(text: str) -> bool:
    """Return whether text has no visible character."""
    return VISIBLE.search(text) is None


def is_line(text: str) -> bool:
    """Return whether text is one line, keeps its direction and has no hidden characters."""
    return HIDING.search(FLAG.sub("", text)) is None


def is_plain(text: str) -> bool:
    """Return the same as `is_line`, for text that may have several lines."""
    return is_line(LINE_BREAKS.sub("", text))


def without_ignorable(text: str) -> str:
    """Return text without default-ignorable code points, such as joiners and selectors."""
    return IGNORABLE.sub("", text)
