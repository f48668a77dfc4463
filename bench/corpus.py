"""Texts like those of people: half English, half Chinese, the same in each run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from random import Random

SEED = 7
ENGLISH, CHINESE = 40_000, 20_000  # words
CHARACTERS = 3_500  # of which Chinese words are made
MEDIAN_WORDS = 7
CONSONANTS, VOWELS = "bcdfghjklmnprstvwz", "aeiou"
# Letters of words by their rank: frequent ones are short.
LETTERS = (
    (20, (1, 2, 2, 3)),
    (100, (2, 3, 3, 4, 4)),
    (1_000, (3, 4, 4, 5, 5, 6, 7)),
    (ENGLISH, (4, 5, 6, 6, 7, 7, 8, 8, 9, 10, 11, 12)),
)


class Corpus:
    """Makes texts. The ranks of words follow Zipf's law, as in every language."""

    def __init__(self) -> None:
        self._random = Random(SEED)
        self.english = list(dict.fromkeys(map(_english_word, range(ENGLISH))))
        self.chinese = self._chinese_words()
        self._weights = {
            "en": list(accumulate(1 / (rank + 3.7) for rank in range(len(self.english)))),
            "zh": list(accumulate(1 / (rank + 3.7) for rank in range(len(self.chinese)))),
        }

    def texts(self, count: int) -> Iterator[str]:
        """Yield texts, English and Chinese in turn."""
        for number in range(count):
            size = max(1, min(300, round(self._random.lognormvariate(0, 0.9) * MEDIAN_WORDS)))
            if number % 2:
                yield " ".join(self._choose(self.english, "en", size))
            else:
                words = self._choose(self.chinese, "zh", size)
                yield "，".join("".join(words[at : at + 5]) for at in range(0, size, 5))

    def _choose(self, words: list[str], language: str, size: int) -> list[str]:
        return self._random.choices(words, cum_weights=self._weights[language], k=size)

    def _chinese_words(self) -> list[str]:
        characters = [chr(0x4E00 + number) for number in range(CHARACTERS)]
        self._random.shuffle(characters)
        weights = list(accumulate(1 / (rank + 3.7) for rank in range(CHARACTERS)))
        words: dict[str, None] = {}
        while len(words) < CHINESE:
            sizes = (1, 2, 2, 2, 2, 3) if len(words) < 400 else (2, 2, 2, 2, 2, 3, 4)
            size = self._random.choice(sizes)
            words["".join(self._random.choices(characters, cum_weights=weights, k=size))] = None
        return list(words)


def _english_word(rank: int) -> str:
    random = Random(rank)
    size = random.choice(next(sizes for end, sizes in LETTERS if rank < end))
    return "".join(
        random.choice(CONSONANTS if (place + rank) % 2 else VOWELS) for place in range(size)
    )
