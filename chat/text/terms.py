"""The words of texts, by which messages are found.

A text is a row of tokens: words, single characters of scripts that put no spaces between words, and
emoji. What is stored to find a message are the terms that are made of its tokens.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import takewhile
from operator import or_

from chat.text.normalization import fold

BEGINNINGS = (3, 5, 8)  # letters in the stored beginnings of words
MAX_TERMS = 300  # of one text, in its order; what comes after them is not found
WHOLE = 2  # letters of words that are stored whole; as a search they are no beginnings
# Letters of words that are stored with each of their neighbours, too. They are the most frequent
# ones, so that nearly all texts with the other words of a phrase have them, too, but not beside it.
SHORT = 3

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
        if not (phrase.is_open and token is phrase.tokens[-1]):  # of that one more may follow
            needed |= dict.fromkeys(_terms_of_neighbours(before, token))
    return list(needed)


class TokenIndex:
    """The tokens of one text, to look phrases up in.

    Sets of places are numbers with a bit for each place, so that a phrase takes a few operations
    for each of its tokens, however often the text has them.
    """

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._places: dict[str, int] = {}  # of tokens as they are and without accents
        self._touching = 0
        for place, token in enumerate(tokens):
            for text in {token.text, token.plain}:
                self._places[text] = self._places.get(text, 0) | 1 << place
            if token.touches:
                self._touching |= 1 << place

    def has(self, phrase: Phrase) -> bool:
        """Return whether the tokens of a phrase follow each other in the text."""
        starts = -1  # where the phrase may begin: everywhere
        for offset, token in enumerate(phrase.tokens):
            is_last = offset == len(phrase.tokens) - 1
            is_open = phrase.is_open and is_last and token.is_word and len(token.text) > WHOLE
            places = self._beginning_with(token.text) if is_open else self._at(token.text)
            if token.touches and offset:
                places &= self._touching
            starts &= places >> offset
        return starts != 0

    def _at(self, text: str) -> int:
        return self._places.get(text, 0)

    def _beginning_with(self, beginning: str) -> int:
        texts = self._sorted[bisect_left(self._sorted, beginning) :]
        found = takewhile(lambda text: text.startswith(beginning), texts)
        return reduce(or_, map(self._at, found), 0)

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._places)


def _all_terms(tokens: Iterable[Token]) -> Iterator[str]:
    before: Token | None = None
    for token in tokens:
        if token.is_word:
            yield from _terms_of_word(token.text)
            if token.plain != token.text:
                yield from _terms_of_word(token.plain)
        else:
            yield from _terms_of_single(token, before)
        yield from _terms_of_neighbours(before, token)
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


def _terms_of_neighbours(before: Token | None, token: Token) -> Iterator[str]:
    """Yield two words that follow each other, if one of them is short."""
    if before is not None and before.is_word and token.is_word:
        if min(len(before.plain), len(token.plain)) <= SHORT:
            yield f"{before.plain} {token.plain}"


def _beginning(word: str) -> str:
    """Return the longest stored term with which a word begins."""
    return word[: max((length for length in BEGINNINGS if length <= len(word)), default=WHOLE)]


def _plain(word: str) -> str:
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", ACCENTS.sub("", decomposed)).translate(STROKES)
