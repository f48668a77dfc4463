"""The rule for new passwords: long enough, and not among those that are guessed first."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from marshmallow import ValidationError

from chat.schemas.fields import String

MIN_PASSWORD, MAX_PASSWORD = 8, 128


class NewPassword(String):
    """A password of any characters that is not one of the most common ones, in any case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min=MIN_PASSWORD, max=MAX_PASSWORD, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(*args, **kwargs)
        if is_common(text):
            raise ValidationError("invalid.common_password")
        return text


def is_common(password: str) -> bool:
    """Tell whether the password is among those that everybody tries first."""
    return password.lower() in _common()


@cache
def _common() -> frozenset[str]:
    text = files("chat.schemas").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())
