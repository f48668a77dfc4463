"""Normalization of texts that are equivalent although their code points differ.

Keyboards, operating systems and input methods write one text in several ways: é as one or two code
points, Latin letters in full width, ß as SS.
"""

from __future__ import annotations

import re
import unicodedata

from chat.text.visibility import DEFAULT_IGNORABLE, WHITE_SPACE, without_ignorable

# What keyboards for Chinese type instead of ASCII.
FULL_WIDTH = {0xFF00 + code: 0x20 + code for code in range(1, 0x5F)}
DOT_ABOVE = "\u0307"
# Between digits: dashes and minus signs of any script and width, and the long vowel mark, which
# has the key of the minus sign on Japanese keyboards.
DASHES = "\\-\u02d7\u2010-\u2015\u2043\u207b\u208b\u2212\u30fc\ufe58\ufe63\uff0d\uff70"
BETWEEN_DIGITS = re.compile(f"[{DASHES}{WHITE_SPACE}{DEFAULT_IGNORABLE}]")


def nfc(text: str) -> str:
    """Return text in Unicode's composed form, which looks the same.

    Limit the length of untrusted text first, because many marks on one letter take long.
    """
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Return the key by which names are compared and searched.

    This is Unicode's NFKC with full case folding and without ignorable characters. All letters i of
    Turkish become one, because users type them on any keyboard. Never empty unless `text` is.
    """
    folded = unicodedata.normalize("NFKD", without_ignorable(text)).casefold()
    folded = unicodedata.normalize("NFKC", folded)
    return folded.replace(f"i{DOT_ABOVE}", "i").replace("ı", "i") or text


def digits_of(text: str) -> str:
    """Return the digits of a typed or pasted number, in ASCII.

    Removes spaces, dashes and invisible characters, and converts digits of any script. Any other
    character stays, so that the result matches no number.
    """
    return "".join(_digit(character) for character in BETWEEN_DIGITS.sub("", text))


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)
