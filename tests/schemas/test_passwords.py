"""New passwords: any characters, long enough, not among the most common."""

from __future__ import annotations

from importlib.resources import files

import pytest
from marshmallow import ValidationError

from chat.schemas.passwords import NewPassword
from tests.accounts import new_password

FIELD = NewPassword()


@pytest.mark.parametrize("value", ["password", "PassWord", "12345678", "trustno1", "Iloveyou"])
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
