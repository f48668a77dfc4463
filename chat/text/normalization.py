"""What makes two texts the same although their code points differ.

Keyboards, operating systems and input methods write one text in several ways: é as one code point
or as two, Latin letters in full width, capitals that two letters stand for.
"""

from __future__ import annotations

import re
import unicodedata

import idna

from chat.text.visibility import DEFAULT_IGNORABLE, WHITE_SPACE, without_ignorable

DOT_ABOVE = "\u0307"
# Between digits: dashes and minus signs of any script and width, and the long vowel mark, which
# has the key of the minus sign on Japanese keyboards.
DASHES = "\\-\u02d7\u2010-\u2015\u2043\u207b\u208b\u2212\u30fc\ufe58\ufe63\uff0d\uff70"
BETWEEN_DIGITS = re.compile(f"[{DASHES}{WHITE_SPACE}{DEFAULT_IGNORABLE}]")
FULL_WIDTH = {0xFF00 + code: 0x20 + code for code in range(1, 0x5F)}


def nfc(text: str) -> str:
    """Return text in Unicode's composed form, in which nothing but its code points is changed.

    Bound the length of what comes from outside first: many marks on one letter take long.
    """
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Return the key by which names are compared and searched.

    That is Unicode's NFKC with full case folding and without ignorable characters, and one letter i
    for those of Turkish, because people type them on any keyboard. Never empty unless `text` is.
    """
    folded = unicodedata.normalize("NFKD", without_ignorable(text)).casefold()
    folded = unicodedata.normalize("NFKC", folded)
    return folded.replace(f"i{DOT_ABOVE}", "i").replace("ı", "i") or text


def fold_address(address: str) -> str:
    """Return the key by which e-mail addresses are compared: one for each mailbox.

    The domain counts in its ASCII form. Before the @ only case and composition are evened out: two
    letters that look alike can be two people there.
    """
    local, at, domain = tidy_address(address).rpartition("@")
    return local.lower() + at + (ascii_domain(domain) or fold(domain))


def fold_login(name: str) -> str:
    """Return the key by which tries to log in are counted, by username or e-mail address.

    Whatever finds the same account has the same key, or guesses could be spread over spellings.
    """
    return fold(fold_address(name) if is_address(name) else name)


def is_address(name: str) -> bool:
    """Tell whether somebody who logs in typed an e-mail address; some usernames look like one."""
    return "@" in name.translate(FULL_WIDTH)


def tidy_address(address: str) -> str:
    """Return an e-mail address as it is stored and shown: composed, in ASCII's own width."""
    local, at, domain = address.translate(FULL_WIDTH).rpartition("@")
    if not domain.isascii():
        domain = _remapped(domain)
    return nfc(local) + at + domain


def ascii_address(address: str) -> str | None:
    """Return the address as it is sent to, or None when its domain cannot be one."""
    local, at, domain = address.rpartition("@")
    converted = ascii_domain(domain)
    return converted and local + at + converted


def ascii_domain(domain: str) -> str | None:
    """Return the form in which name servers know a domain, or None if it has none."""
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None


def digits_of(text: str) -> str:
    """Return the digits of a number that people type or paste, in ASCII.

    Spaces, dashes and invisible characters between them go, and digits of any script count. What
    is neither stays as it is, so that the result names nothing.
    """
    return "".join(_digit(character) for character in BETWEEN_DIGITS.sub("", text))


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def _remapped(domain: str) -> str:
    """Return a domain as its owner would write it; one that cannot be a domain stays as it is."""
    try:
        return idna.uts46_remap(domain, std3_rules=False)
    except (idna.IDNAError, UnicodeError):
        return domain
