"""Normalization of equivalent texts."""

from __future__ import annotations

import time

import pytest

from chat.text.addresses import ascii_address, fold_address, fold_login, tidy_address
from chat.text.normalization import digits_of, fold

CODE_POINTS = [code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("José", "Jose\u0301"),
        ("ΝΙΚΟΣ", "νικος"),
        ("ΝΙΚΟΣ", "νικοσ"),
        ("Straße", "STRASSE"),
        ("ｗａｎｇ", "Wang"),
        ("İstanbul", "istanbul"),
        ("Işık", "IŞIK"),
        ("ﬁsh", "FISH"),
        ("Ⅳ", "iv"),
        ("ｶﾞ", "ガ"),
        ("한", "\u1112\u1161\u11ab"),
        ("ᾳ\u0301", "\u1fb4"),
        ("葛\U000e0100城", "葛城"),
        ("می‌خواهم", "میخواهم"),
    ],
)
def test_one_name_has_one_key_in_all_its_spellings(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("José", "Jose"), ("王", "玉"), ("a b", "ab"), ("е", "e")]
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_a_key_is_its_own_key_and_that_of_lower_case() -> None:
    for character in map(chr, CODE_POINTS):
        key = fold(character)
        assert key and fold(key) == key and fold(character.lower()) == key, hex(ord(character))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A@example.org", "a@EXAMPLE.org"),
        ("a@例子.中国", "a@xn--fsqu00a.xn--fiqs8s"),
        ("a@例子。中国", "a@例子.中国"),
        ("a@Bücher.example", "a@bu\u0308cher.example"),
        ("ａ＠ｅｘａｍｐｌｅ．ｏｒｇ", "a@example.org"),
        ("jose\u0301@example.org", "JOSÉ@example.org"),
    ],
)
def test_one_mailbox_has_one_key(one: str, other: str) -> None:
    assert fold_address(one) == fold_address(other)
    assert fold_login(one) == fold_login(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mıke@example.org", "mike@example.org"),
        ("straße@example.org", "strasse@example.org"),
        ("a@faß.de", "a@fass.de"),
        ("𝐱@example.org", "x@example.org"),
        ("a@exampıe.org", "a@exampie.org"),
    ],
)
def test_two_mailboxes_are_two_although_they_look_alike(one: str, other: str) -> None:
    assert fold_address(one) != fold_address(other)


def test_an_address_is_kept_as_its_owner_would_write_it_and_sent_to_in_ascii() -> None:
    assert tidy_address("Ａnna＠Bücher。Example") == "Anna@bücher.example"
    assert tidy_address("Anna@Example.org") == "Anna@Example.org"
    assert ascii_address("anna@bücher.example") == "anna@xn--bcher-kva.example"
    assert ascii_address("anna@bü cher.example") is None
    assert ascii_address(f"anna@{'ü' * 64}.example") is None


@pytest.mark.parametrize(
    "typed",
    [
        "123 456 789",
        "１２３４５６７８９",
        "123－456－789",
        "123‐456–789",
        "123\u2212456\u00a0789",
        "\u202d123\u3000456\u2011789\u202c",
        "123ー456ｰ789",
        "١٢٣٤٥٦٧٨٩",
        "۱۲۳ ۴۵۶ ۷۸۹",
        "१२३४५६७८९",
        "\ufeff123456789\n",
    ],
)
def test_a_number_is_taken_as_people_type_and_paste_it(typed: str) -> None:
    assert digits_of(typed) == "123456789"


@pytest.mark.parametrize("typed", ["12345678a", "一二三", "123.456", "½", "①", "1²", "{}"])
def test_what_is_no_number_becomes_none(typed: str) -> None:
    assert not digits_of(typed).isdecimal()


def test_no_domain_takes_long() -> None:
    begun = time.process_time()
    for domain in ("ü" * 250, "ü." * 125, "\u0301" * 250, "a\u0300\u0316" * 80):
        fold_address(f"a@{domain}")
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("other", ["a@ßSß.example", "a@ssßs.example", "a@SSSSS.example"])
def test_guesses_at_one_name_count_together_however_its_domain_is_written(other: str) -> None:
    assert fold_login(other) == fold_login("a@sssss.example")
