"""What every field of every schema does with input that means harm.

That each route and event uses its schema is tried in `tests/http/test_bad_input.py` and
`tests/sockets/test_events.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from marshmallow import ValidationError
from marshmallow.fields import Field

from chat import models
from chat.schemas import fields
from chat.schemas.base import Schema
from chat.schemas.push import Keys
from chat.schemas.reading import read_json
from harness.accounts import data_of, error_of, make_account
from harness.people import make_people
from tests.http.test_bad_input import GOOD, ROUTES
from tests.sockets.test_events import FACES, FITTING

SCHEMAS: dict[str, Schema] = {
    type(schema).__name__: schema
    for schema in [
        *(found() for route in ROUTES for found in (route.body, route.query) if found),
        *(schema for face in FACES.values() for schema in face.events.values()),
    ]
}
# Fields of models and documents, and names that mean something to a database or a language.
FOREIGN = {
    *(
        field.name
        for model in vars(models).values()
        if dataclasses.is_dataclass(model)
        for field in dataclasses.fields(model)
    ),
    *("_id", "nicname", "password", "username_key", "email_key", "nickname_key", "member_key"),
    *("user_identity", "room_identity", "message_identity", "touched_at", "members_version"),
    *("$set", "$where", "$gt", "a.b", "__class__", "__proto__", "constructor", "is_admin"),
}

# What people take other people and rooms by: it must look like what it is.
SHOWN = {"name", "info", "nickname"}
# Letters, digits and signs of ASCII alone.
ASCII = {"RegisterSchema.username", "email"}
# Compared, never shown; or shown as what somebody said, on lines of its own.
FREE = {
    "username",
    "password",
    "current_password",
    "code",
    "invitation",
    "reset_token",
    "number",
    "q",
    "to",
    "client_id",
    "data",
    "emoji",
    "user",
    "before",
    "after",
    "has",
    "cursor",
    "endpoint",
    "UploadSchema.name",  # what of it would deceive is dropped: tests/text/test_file_names.py
}
# What a name means in one schema alone.
OWN_MEANING: dict[str, dict[str, object]] = {"ReactionsSchema": {"after": 1}}

DECEITFUL = {
    "right-to-left override": "ab\u202egnp.exe",
    "right-to-left embedding": "\u202bab",
    "isolate": "a\u2067b",
    "right-to-left mark": "ab\u200f",
    "zero-width space": "a\u200bb",
    "word joiner": "a\u2060b",
    "byte order mark": "\ufeffab",
    "soft hyphen": "a\u00adb",
    "escape": "a\x1b[2Jb",
    "backspace": "ab\x08",
    "delete": "ab\x7f",
    "next line": "a\x85b",
    "line separator": "a\u2028b",
}
LOOKALIKES = [
    "\u0430da",
    "ad\u0251",
    "\uff41da",
    "\U0001d41ada",
    "ada\u0301",
    "a\u200dda",
    "\u212aate",
]


def text_fields(names: set[str]) -> list[tuple[Schema, str]]:
    """Return the text fields of those names, in whichever schema."""
    return [
        (schema, name)
        for title, schema in SCHEMAS.items()
        for name, field in schema.fields.items()
        if isinstance(field, fields.String)
        and (
            f"{title}.{name}" in names or (name in names and f"{title}.{name}" not in ASCII | FREE)
        )
    ]


def good(schema: Schema) -> dict[str, Any]:
    """Return what the schema takes."""
    values = FITTING | GOOD | OWN_MEANING.get(type(schema).__name__, {})
    return {name: values[name] for name in schema.fields if name in values and name != "to"}


def refusal(schema: Schema, payload: object) -> dict[str, Any]:
    """Return what a schema has against a payload."""
    with pytest.raises(ValidationError) as error:
        schema.load(payload)
    found: dict[str, Any] = error.value.normalized_messages()
    return found


def test_every_text_field_is_decided_on() -> None:
    decided = text_fields(SHOWN) + text_fields(ASCII) + text_fields(FREE)
    assert sorted((type(schema).__name__, name) for schema, name in decided) == sorted(
        (title, name)
        for title, schema in SCHEMAS.items()
        for name, field in schema.fields.items()
        if isinstance(field, fields.String)
    )


def bad_values(field: Field[Any]) -> Iterator[object]:
    """Yield what a field must refuse, whatever its meaning."""
    yield from ({"$gt": ""}, {"$ne": None}, {"$where": "1"}, ["$gt"], 1.5, 1.0, -0.0)
    if not field.allow_none:
        yield None
    if isinstance(field, (fields.Dict, Keys)):
        yield from (1, True, "x", [])
        return
    yield {}
    if isinstance(field, fields.Ids):
        yield from (
            1,
            True,
            "a",
            [1],
            [None],
            [["a"]],
            ["a", "a"],
            [*map(str, range(field.most + 1))],
        )
        return
    yield []
    if isinstance(field, fields.String):
        yield from (0, 1, True, False, "a\x00b", "\ud800", "a\udfffb")
        if field.max is not None:
            yield from ("x" * (field.max + 1), "😀" * (field.max + 1))
        if field.min:
            yield ""
        if not field.blank:
            yield from (" ", "\n\t", "\u200b\u3000")
    elif isinstance(field, fields.Id):
        yield from (0, 1, True, False, "\x00", "\ud800", "$gt", "x" * 5_000)
    elif isinstance(field, fields.Integer):
        yield from ("1", "", True, False, field.min - 1, field.max + 1, 10**30)
    elif isinstance(field, fields.Boolean):
        yield from (0, 1, "true", "", "on")
    else:
        assert isinstance(field, fields.Choice), f"say here what {field!r} must refuse"
        yield from ("", "nobody", "$gt", 99, -1, True, False)


@pytest.mark.parametrize("title", SCHEMAS)
def test_a_field_of_the_wrong_type_or_size_is_refused_by_its_name(title: str) -> None:
    schema = SCHEMAS[title]
    for name, field in schema.fields.items():
        if name != "token":  # whatever is none is unauthorized, later
            for value in bad_values(field):
                assert list(refusal(schema, good(schema) | {name: value})) == [name], value


@pytest.mark.parametrize("title", SCHEMAS)
def test_missing_and_unknown_fields_are_refused_by_their_names(title: str) -> None:
    schema = SCHEMAS[title]
    for name in ("surprise", "$where", "", "_id", "__proto__", "user_id", "消息"):
        found = refusal(schema, good(schema) | {name: 1})
        assert found == {name: ["invalid.unknown"]}
    for name, field in schema.fields.items():
        if field.required:
            rest = {other: value for other, value in good(schema).items() if other != name}
            assert refusal(schema, rest) == {name: ["invalid.required"]}


@pytest.mark.parametrize("title", SCHEMAS)
def test_good_payload_is_taken_and_no_field_can_be_slipped_in(title: str) -> None:
    schema = SCHEMAS[title]
    schema.load(good(schema))
    for name in FOREIGN - set(schema.fields):
        assert list(refusal(schema, good(schema) | {name: "x"})) == [name]


@pytest.mark.parametrize("title", SCHEMAS)
def test_payload_that_names_something_twice_is_refused(title: str) -> None:
    schema = SCHEMAS[title]
    assert refusal(schema, read_json('{"a": 1, "a": 1}')) == {"_schema": ["invalid.repeated"]}
    for name in schema.fields:
        if name != "token":  # whatever is none is unauthorized, later
            twice = read_json('{"a": {"b": 1, "b": 1}}')
            assert name in refusal(schema, good(schema) | {name: twice["a"]})


@pytest.mark.parametrize("case", DECEITFUL)
def test_what_is_shown_as_a_name_looks_like_what_it_is(case: str) -> None:
    for schema, name in text_fields(SHOWN) + text_fields(ASCII):
        found = refusal(schema, good(schema) | {name: DECEITFUL[case]})
        assert list(found) == [name], type(schema).__name__


@pytest.mark.parametrize("case", DECEITFUL)
def test_what_is_said_is_kept_as_it_was_sent(case: str) -> None:
    for schema, name in text_fields({"data"}):
        assert schema.load(good(schema) | {name: DECEITFUL[case]})[name] == DECEITFUL[case]


@pytest.mark.parametrize("name", LOOKALIKES)
def test_usernames_that_look_like_another_are_refused(name: str) -> None:
    payload = good(SCHEMAS["RegisterSchema"]) | {"username": name}
    assert refusal(SCHEMAS["RegisterSchema"], payload) == {"username": ["invalid.username"]}


def test_operators_are_but_text(app: Flask) -> None:
    ann, bob = make_people(app, "ann", "bob")
    for text in ("$where", '{"$gt": ""}', "$ne: null", "a.$[].b", "{{7*7}}", "%s%n", "'; drop --"):
        assert data_of(ann.patch("/users/me", json={"nickname": text}))["nickname"] == text
        group = ann.create_group(name=text)
        assert (group["name"], ann.say(group, text)["data"]) == (text, text)
        error_of(bob.post("/rooms/join", json={"number": text}), 404)
        error_of(bob.post("/rooms/direct", json={"username": text}), 404)


@pytest.mark.parametrize("text", [".*", "^", "(", "a{9999}", "\\", "$", "[a-z]"])
def test_search_takes_patterns_for_text(app: Flask, text: str) -> None:
    account = make_account(app)
    assert data_of(account.get("/users", query_string={"q": text})) == []
