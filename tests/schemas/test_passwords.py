"""New passwords: any characters, long enough, not among the most common."""

from __future__ import annotations

import unicodedata
from importlib.resources import files

import pytest
from marshmallow import ValidationError

from chat.schemas.passwords import NewPassword, Password
from harness.accounts import new_password

FIELD = NewPassword()


@pytest.mark.parametrize(
    "value", ["password", "PassWord", "12345678", "trustno1", "Iloveyou", "ｐａｓｓｗｏｒｄ"]
)
def test_passwords_that_everybody_tries_first_are_refused_in_any_case(value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        FIELD.deserialize(value)
    assert refused.value.messages == ["invalid.common_password"]


def test_three_thousand_passwords_that_would_be_long_enough_are_refused() -> None:
    listed = files("chat.schemas").joinpath("common_passwords.txt").read_text("utf-8").split("\n")
    assert listed.pop() == "" and len(set(listed)) == 3_000
    for value in listed:
        with pytest.raises(ValidationError) as refused:
            FIELD.deserialize(value)
        assert refused.value.messages == ["invalid.common_password"], value


@pytest.mark.parametrize("length", [8, 128])
def test_nothing_is_asked_of_a_password_but_its_length(length: int) -> None:
    for character in ("龙", "z", " ", "7", "🐉"):
        assert FIELD.deserialize(character * length) == character * length


@pytest.mark.parametrize("value", ["zq7#kf2", "z" * 129])
def test_too_short_and_too_long_ones_are_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        FIELD.deserialize(value)


def test_spaces_around_it_belong_to_a_password() -> None:
    value = f" {new_password()} "
    assert FIELD.deserialize(value) == value


def test_length_is_that_of_the_composed_form() -> None:
    for letter in ("é", "한", "ᾴ"):
        for field in (NewPassword(), Password()):
            value = unicodedata.normalize("NFD", letter * 128)
            assert len(value) > 128 and field.deserialize(value) == value
            with pytest.raises(ValidationError) as refused:
                field.deserialize(unicodedata.normalize("NFD", letter * 129))
            assert refused.value.messages == ["invalid.too_long"]
        with pytest.raises(ValidationError) as refused:
            NewPassword().deserialize(unicodedata.normalize("NFD", letter * 7))
        assert refused.value.messages == ["invalid.too_short"]


def test_far_too_long_ones_are_refused_before_they_are_composed() -> None:
    with pytest.raises(ValidationError) as refused:
        Password().deserialize("a" + "\u0301\u0323" * 20_000)
    assert refused.value.messages == ["invalid.too_long"]
    assert refused.value.messages[0].params == {"max": 128}
