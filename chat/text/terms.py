"""The words of texts, by which messages are found.

A text is a row of tokens: words, single characters of scripts that put no spaces between words, and
emoji. What is stored to find a message are the terms that are made of its tokens.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chat.text.normalization import fold

BEGINNINGS = (3, 5, 8)  # letters in the stored beginnings of words
MAX_TERMS = 300  # of one text, in its order; what comes after them is not found
WHOLE = 2  # letters of words that are stored whole; as a search they are no beginnings

# Blocks of scripts without spaces: Thai, Lao, Burmese, Khmer, kana, bopomofo, hanzi and hangul.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1100-\u11ff\u3005-\u3007\u3041-\u3096\u3099-\u309f"
    "\u30a1-\u30fa\u30fc-\u30ff\u3105-\u318e\u31a0-\u31ff\u3400-\u9fff\uac00-\ud7ff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
EMOJI = "\u2300-\u23ff\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff\U0001f000-\U0001faff"
SKIN_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")
MARKS = "".join(chr(code) for code in range(0x10000) if unicodedata.category(chr(code))[0] == "M")
UNSPACED_CHARACTER = re.compile(f"[{UNSPACED}]")
TOKEN = re.compile(
    f"(?P<single>[{UNSPACED}{EMOJI}])|(?:(?![{UNSPACED}{EMOJI}])(?:[^\\W_]|[{MARKS}]))+"
)
# Accents of Latin, Greek and Cyrillic letters, and the vowel signs of Hebrew and Arabic.
ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u0652]")
STROKES = str.maketrans("øđłħ", "odlh")  # letters that no decomposition makes plain


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a character or an emoji; `plain` is a word without its accents.

    `touches`: it is a character or an emoji directly behind another one.
    """

    text: str
    plain: str
    is_word: bool
    touches: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that must follow each other; of the last one a beginning is enough if `is_open`."""

    tokens: tuple[Token, ...]
    is_open: bool = True


def tokens_of(text: str) -> Iterator[Token]:
    """Yield the tokens of a text in their order."""
    if not text.isascii():
        text = SKIN_TONES.sub("", text)
    text = fold(text)
    end = -1  # of the last single character
    for found in TOKEN.finditer(text):
        token = found[0]
        if found["single"]:
            yield Token(token, token, is_word=False, touches=found.start() == end)
            end = found.end()
        else:
            yield Token(token, _plain(token), is_word=True)


def terms_of(tokens: Iterable[Token]) -> list[str]:
    """Return the terms by which a text with these tokens is found, each once."""
    found: dict[str, None] = {}
    for term in _all_terms(tokens):
        found[term] = None
        if len(found) == MAX_TERMS:
            break
    return list(found)


def needed_terms(phrase: Phrase) -> list[str]:
    """Return terms that every text with a phrase has.

    There are none for one character of a script without spaces.
    """
    needed: dict[str, None] = {}
    for before, token in zip((None, *phrase.tokens), phrase.tokens, strict=False):
        if token.is_word:
            needed[_beginning(token.text)] = None
        else:
            needed |= dict.fromkeys(_terms_of_single(token, before))
    return list(needed)


def matches(phrase: Phrase, tokens: Sequence[Token]) -> bool:
    """Return whether a text with these tokens has the phrase."""
    wanted = phrase.tokens
    size, last = len(wanted), wanted[-1]
    is_open = phrase.is_open and last.is_word and len(last.text) > WHOLE
    for start in range(len(tokens) - size + 1):
        for offset, token in enumerate(wanted):
            is_beginning = is_open and offset == size - 1
            if not _is_match(token, tokens[start + offset], is_beginning, is_first=offset == 0):
                break
        else:
            return True
    return False


def _is_match(wanted: Token, found: Token, is_beginning: bool, is_first: bool) -> bool:
    if wanted.touches and not is_first and not found.touches:
        return False
    if is_beginning:
        return found.text.startswith(wanted.text) or found.plain.startswith(wanted.text)
    return wanted.text in (found.text, found.plain)


def _all_terms(tokens: Iterable[Token]) -> Iterator[str]:
    before: Token | None = None
    for token in tokens:
        if token.is_word:
            yield from _terms_of_word(token.text)
            if token.plain != token.text:
                yield from _terms_of_word(token.plain)
        else:
            yield from _terms_of_single(token, before)
        before = token


def _terms_of_word(word: str) -> Iterator[str]:
    if len(word) <= WHOLE:
        yield word
    for length in BEGINNINGS:
        if length <= len(word):
            yield word[:length]


def _terms_of_single(token: Token, before: Token | None) -> Iterator[str]:
    """Yield an emoji itself; of another character the pair with the one before, if they touch."""
    if not UNSPACED_CHARACTER.match(token.text):
        yield token.text
    elif token.touches and before is not None and UNSPACED_CHARACTER.match(before.text):
        yield before.text + token.text


def _beginning(word: str) -> str:
    """Return the longest stored term with which a word begins."""
    return word[: max((length for length in BEGINNINGS if length <= len(word)), default=WHOLE)]


def _plain(word: str) -> str:
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", ACCENTS.sub("", decomposed)).translate(STROKES)
