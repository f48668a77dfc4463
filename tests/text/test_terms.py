"""What is typed finds texts: by their terms, and by the texts themselves."""

from __future__ import annotations

import time
import timeit

import pytest

from chat.text.queries import Query, QueryError, parse
from chat.text.terms import MAX_TERMS, TokenIndex, needed_terms, terms_of, tokens_of

NOVEMBER_28 = 1_795_824_000_000  # its beginning in UTC
DAY = 24 * 60 * 60 * 1000


def finds(typed: str, text: str) -> bool:
    """Return whether a query finds a text, both by the text and by its terms."""
    tokens = list(tokens_of(text))
    terms, phrases = set(terms_of(tokens)), parse(typed).phrases
    assert phrases
    is_match = all(map(TokenIndex(tokens).has, phrases))
    if is_match:  # else a hit would not be among the candidates
        assert terms.issuperset(term for phrase in phrases for term in needed_terms(phrase))
    return is_match


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("hel", "Hello"),
        ("HELLO", "hello"),
        ("internationali", "Internationalization"),
        ("wor hello", "hello, big world"),
        ('"big world"', "a big, world"),
        ('"unclosed phr', "an unclosed phr"),
        ("„big world“ «hello»", "hello big world"),
        ("is", "it is"),
        ("don't", "I don't know"),
        ("foo-bar", "foo.barrel"),
        ("3.14", "pi is 3.14"),
        ("cafe", "Café"),
        ("café", "CAFE\u0301"),
        ("lodz", "Łódź"),
        ("strasse", "Straße"),
        ("ｗｏｒｌｄ", "world"),
        ("ελλ", "Ελλάδα"),
        ("привет", "Привет, мир"),
        ("नमस्ते", "नमस्ते दुनिया"),
        ("ישראל", "יִשְׂרָאֵל"),
        ("会议", "明天会议改期"),
        ("明天会议", "明天会议改期"),
        ("会", "会议"),
        ("“会议改”", "明天会议改期"),
        ("「会议」 明天", "明天会议"),
        ("iPhone手机", "买 iPhone 手机壳"),
        ("買った", "本を買ったよ"),
        ("カタカナ", "ｶﾀｶﾅ"),
        ("한국", "한국어"),
        ("สวัสดี", "พูดว่าสวัสดีครับ"),
        ("👍", "好👍🏽"),
        ("👩🏽‍💻", "👩‍💻"),
        ("❤", "❤️"),
        ("𠮷野", "𠮷野家"),
        ("2026-11", "on 2026-11-28"),
        ("to-be-to-do", "to be to be to do"),
        ("「猫 狗」", "猫狗"),
        ("\ufdfa", "صلى الله عليه وسلم"),
    ],
)
def test_it_finds(typed: str, text: str) -> None:
    assert finds(typed, text)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("ello", "Hello"),
        ("hello there", "hello"),
        ('"big wor"', "a big world"),
        ('"world big"', "big world"),
        ("is", "isle"),
        ("foo-bar", "bar foo"),
        ("café", "cafe"),
        ("会期", "会议改期"),
        ("会议", "会，议"),
        ("会议", "议会"),
        ("👍", "👎"),
        ("哈哈哈", "哈哈 哈 哈哈"),
        ("\ufdfa", "وسلم الله صلى عليه"),
        ("to-be-to-do", "to be to be do to do"),
    ],
)
def test_it_does_not_find(typed: str, text: str) -> None:
    assert not finds(typed, text)


def test_no_phrase_costs_more_than_reading_the_text() -> None:
    """Each place of the text could begin this phrase, and none does."""
    (phrase,) = parse("哈" * 199 + "呵").phrases
    text = "哈" * 4_000

    def read() -> TokenIndex:
        return TokenIndex(tokens_of(text))

    index = read()
    assert not index.has(phrase)
    reading, looking = (
        min(timeit.repeat(work, number=1, repeat=5, timer=time.thread_time))
        for work in (read, lambda: index.has(phrase))
    )
    assert looking < reading


def test_a_text_has_a_bounded_number_of_terms() -> None:
    long = "".join(chr(0x4E00 + number) for number in range(4_000))
    assert len(terms_of(tokens_of(long))) == MAX_TERMS
    assert terms_of(tokens_of("a" * 4_000)) == ["aaa", "aaaaa", "aaaaaaaa"]


def test_short_words_are_stored_with_their_neighbours_for_phrases() -> None:
    terms = set(terms_of(tokens_of("an Été in Łódź sometimes rains")))
    assert {"an ete", "ete in", "in lodz"} <= terms and "sometimes rains" not in terms
    (closed,), (opened,) = parse('"in lodz"').phrases, parse("in-lodz").phrases
    assert "in lodz" in needed_terms(closed)
    assert "in lodz" not in needed_terms(opened)  # it may be the beginning of a longer word


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("from:@ann 来自：bob", Query(sender="bob")),
        ('in:"big team"', Query(room="big team")),
        ("在：#一组", Query(room="一组")),
        ("BEFORE:2026-11-28", Query(until=NOVEMBER_28)),
        ("之前:2026年11月28日", Query(until=NOVEMBER_28)),
        ("after:2026/11/28", Query(since=NOVEMBER_28 + DAY)),
        ("之后：2026.11.28", Query(since=NOVEMBER_28 + DAY)),
        ("has:file 有:链接", Query(has=frozenset({"file", "link"}))),
        ("from:“王 芳”", Query(sender="王 芳")),
        ("来自：＂王 芳＂", Query(sender="王 芳")),
        ("from:”王芳“\u3000在：「一 组」", Query(sender="王芳", room="一 组")),
        ("ｆｒｏｍ：＠ａｎｎ\u3000有：ｆｉｌｅ", Query(sender="ann", has=frozenset({"file"}))),
        ("之前：２０２６－１１－２８", Query(until=NOVEMBER_28)),
        ("。！ -- \u200b", Query()),
        ("…", Query()),
        ('“…” " 「', Query()),
    ],
)
def test_operators_are_read_in_both_languages(typed: str, expected: Query) -> None:
    assert parse(typed) == expected


def test_words_are_answered_folded_for_highlighting() -> None:
    typed = 'from:ann“又 一” Hello "Big  World" iPhone手机 会议'
    assert parse(typed).words == ["又 一", "hello", "big world", "iphone 手机", "会议"]


def test_days_begin_by_the_callers_clock() -> None:
    assert parse("before:2026-11-28", utc_offset=480).until == NOVEMBER_28 - 8 * 60 * 60 * 1000


@pytest.mark.parametrize(
    "typed", ["before:today", "after:2026-02-30", "after:9999-12-31", "before:0000-01-01", "has:x"]
)
def test_values_that_are_none_are_refused(typed: str) -> None:
    with pytest.raises(QueryError):
        parse(typed)
