"""Strict fields: they refuse values of another type and convert nothing.

Types are part of the wire contract, but marshmallow's own Boolean accepts "yes" and its String
accepts bytes. An error is a key of `chat.i18n`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError
from marshmallow.fields import Field
from marshmallow.fields import Integer as MarshmallowInteger

from chat.concurrency import cooperatively
from chat.i18n import Text
from chat.text.addresses import MAX_ADDRESS, ascii_address, tidy_address
from chat.text.emoji import find_emoji
from chat.text.normalization import digits_of
from chat.text.visibility import is_blank, is_line, is_plain

__all__ = [
    "Boolean",
    "Choice",
    "Dict",
    "Digits",
    "Email",
    "Emoji",
    "Id",
    "Ids",
    "Integer",
    "Nickname",
    "String",
    "Token",
    "Username",
]

MAX_ERRORS = 10  # reported for one container
MAX_INTEGER = 2**53 - 1  # the greatest that JavaScript holds exactly; also fits the database
MAX_NICKNAME = 30
MAX_TOKEN = 64
MAX_EMOJI = 16  # code points
MAX_TYPED_DIGITS = 64  # with the spaces and dashes between them
SURROGATES_AND_NUL = re.compile("[\x00\ud800-\udfff]")
USERNAME = re.compile(r"[A-Za-z0-9_.-]{3,20}")
ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


class Strict(Field[Any]):
    """The base of the fields."""

    default_error_messages = {
        "required": "invalid.required",
        "null": "invalid.null",
        "validator_failed": "invalid.value",
    }

    def _validate(self, value: Any) -> None:
        if self.validators:  # without any, marshmallow's method still costs as much as a rule
            super()._validate(value)


class String(Strict):
    """Text of `min` to `max` code points.

    NUL and lone surrogates are always refused, because the database or UTF-8 cannot store them.
    `blank=False` refuses text without visible characters. `plain=True` refuses characters that make
    a text look like another: control characters, direction marks and overrides, zero-width
    characters. `line=True` also refuses line breaks, for names. `strip=True` strips white space
    first.
    """

    def __init__(
        self,
        *,
        min: int = 0,
        max: int | None = None,
        blank: bool = True,
        plain: bool = False,
        line: bool = False,
        strip: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.min, self.max, self.blank, self.strip = min, max, blank, strip
        self.plain, self.line = plain, line

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str):
            raise ValidationError("invalid.string")
        if SURROGATES_AND_NUL.search(value):
            raise ValidationError("invalid.characters")
        text = value.strip() if self.strip else value
        length = self.length_of(text)
        if self.max is not None and length > self.max:
            raise ValidationError([Text("invalid.too_long", max=self.max)])
        if not self.blank and is_blank(text):
            raise ValidationError("invalid.blank")
        if length < self.min:
            too_short = Text("invalid.too_short", min=self.min) if self.min > 1 else "invalid.blank"
            raise ValidationError([too_short])
        if (self.plain and not is_plain(text)) or (self.line and not is_line(text)):
            raise ValidationError("invalid.characters")
        return text

    def length_of(self, text: str) -> int:
        """Return the length to compare with `min` and `max`: code points."""
        return len(text)


class Username(String):
    """A new username."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(*args, **kwargs)
        if not USERNAME.fullmatch(text):
            raise ValidationError("invalid.username")
        return text


class Nickname(String):
    """A display name: one line of any letters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min=1, max=MAX_NICKNAME, blank=False, line=True, strip=True, **kwargs)


class Email(String):
    """An e-mail address that is safe in a mail header; international ones too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max=MAX_ADDRESS, strip=True, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = tidy_address(super()._deserialize(*args, **kwargs))
        if ascii_address(text) is None:
            raise ValidationError("invalid.email")
        return text


class Emoji(String):
    """One emoji of Unicode, loaded in its recommended spelling."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min=1, max=MAX_EMOJI, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        found = find_emoji(super()._deserialize(*args, **kwargs))
        if found is None:
            raise ValidationError("invalid.emoji")
        return found


class Digits(String):
    """A typed or pasted group number or code, loaded as its digits.

    Full width, spaces and dashes are allowed; `chat.text.normalization.digits_of` has the rule.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max=MAX_TYPED_DIGITS, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        return digits_of(super()._deserialize(*args, **kwargs))


class Token(String):
    """A token issued by the server; the service refuses an invalid one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min=1, max=MAX_TOKEN, strip=True, **kwargs)


class Id(Strict):
    """An id in the server's format; the service raises NotFound for an unknown one."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str) or not ID.fullmatch(value):
            raise ValidationError("invalid.id")
        return value


class Integer(Strict, MarshmallowInteger):
    """An integer from `min` to `max`: JSON's `1`, and neither `1.0`, `"1"` nor `true`."""

    default_error_messages = {"invalid": "invalid.integer"}

    def __init__(self, *, min: int = -MAX_INTEGER, max: int = MAX_INTEGER, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)
        self.min, self.max = min, max

    def _validated(self, value: Any) -> int:
        number = super()._validated(value)
        if number < self.min:
            raise ValidationError([Text("invalid.too_small", min=self.min)])
        if number > self.max:
            raise ValidationError([Text("invalid.too_big", max=self.max)])
        return number


class Ids(Strict):
    """A list of at most `most` different ids."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most, self.item = most, Id()

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise ValidationError("invalid.list")
        if len(value) > self.most:
            raise ValidationError([Text("invalid.too_many", max=self.most)])
        ids = tuple(str(self.item.deserialize(one)) for one in value)
        if len(set(ids)) < len(ids):
            raise ValidationError("invalid.repeated")
        return ids


class Boolean(Strict):
    """JSON's `true` or `false`."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("invalid.boolean")
        return value


class Choice(Strict):
    """One of a few values, compared with their types: `true` and `1.0` are not `1`."""

    def __init__(self, choices: Sequence[str | int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = tuple(choices)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str | int:
        for choice in self.choices:
            if type(value) is type(choice) and value == choice:
                return choice
        raise ValidationError([Text("invalid.choice", choices=", ".join(map(str, self.choices)))])


class Dict(Strict):
    """An object of at most `most` entries, read cooperatively and only up to MAX_ERRORS errors."""

    def __init__(self, keys: Strict, values: Strict, *, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keys, self.values, self.most = keys, values, most

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[Any, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError("invalid.object")
        if len(value) > self.most:
            raise ValidationError([Text("invalid.too_many", max=self.most)])
        read, errors = {}, {}
        for key, item in cooperatively(value.items()):
            try:
                read[self.keys.deserialize(key)] = self.values.deserialize(item)
            except ValidationError as error:
                errors[str(key)] = error.messages
                if len(errors) >= MAX_ERRORS:
                    break
        if errors:
            raise ValidationError(errors)
        return read
