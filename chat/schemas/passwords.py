"""Passwords on the wire. New ones must be long enough and not be common."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from marshmallow import ValidationError

from chat.schemas.fields import String
from chat.text.normalization import fold, nfc

MIN_PASSWORD, MAX_PASSWORD = 8, 128
# Typed code points for one composed code point: letters of Greek and Vietnamese take up to four.
# Composing longer texts would take long.
MAX_TYPED = 4


class Password(String):
    """A password to check, loaded as typed. Its length is that of the composed form.

    `min` is 1, because the password may have been set under older rules.
    """

    def __init__(self, *, min: int = 1, **kwargs: Any) -> None:
        super().__init__(min=min, max=MAX_PASSWORD, **kwargs)

    def length_of(self, text: str) -> int:
        """Return the number of code points in the composed form."""
        return len(text) if len(text) > MAX_TYPED * MAX_PASSWORD else len(nfc(text))


class NewPassword(Password):
    """A new password: any characters, but not one of the most common ones in any spelling."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min=MIN_PASSWORD, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(*args, **kwargs)
        if is_common(text):
            raise ValidationError("invalid.common_password")
        return text


def is_common(password: str) -> bool:
    """Return whether the password is one of the most common ones, in any spelling."""
    return fold(password) in _common()


@cache
def _common() -> frozenset[str]:
    text = files("chat.schemas").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())
