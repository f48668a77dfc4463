"""The bounds of what a schema reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, validates_schema

from chat.schemas import fields
from chat.schemas.base import MAX_FIELDS, Schema
from chat.schemas.messages import (
    EditMessageSchema,
    HistorySchema,
    ReactSchema,
    SendDirectSchema,
    SendMessageSchema,
)
from chat.schemas.sync import SyncSchema
from chat.schemas.users import SearchSchema

SCHEMAS = [
    SendMessageSchema(),
    SendDirectSchema(),
    EditMessageSchema(),
    ReactSchema(),
    HistorySchema(),
    SyncSchema(),
]
IDS = st.sampled_from(["a" * 24, "b" * 24])
VALID: dict[str, st.SearchStrategy[Any]] = {
    "room_id": IDS,
    "to": st.just("ada"),
    "client_id": st.just("one"),
    "data": st.sampled_from(["hello", "👍 \u2028"]),
    "emoji": st.just("👍"),
    "on": st.booleans(),
    "seq": st.integers(1, 9),
    "limit": st.integers(1, 9),
    "after_seq": st.integers(0, 9),
    "revs": st.dictionaries(IDS, st.integers(0, 9)),
    "upto": IDS,
    "rooms": st.dictionaries(IDS, st.integers(0, 9)),
    "ids": st.dictionaries(IDS, IDS),
}
WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", " ", "\x00", "\ud800", "x" * 4_001, 0, -1, 2**60, 1.0, True, [], {}, {"?": "?"}]
)


def test_far_too_many_fields_are_refused_without_naming_them() -> None:
    with pytest.raises(ValidationError) as refused:
        SearchSchema().load({f"field{number}": 1 for number in range(MAX_FIELDS + 1)})
    assert refused.value.messages == {"_schema": ["invalid.unknown"]}
    with pytest.raises(ValidationError) as refused:
        SearchSchema().load({f"field{number}": 1 for number in range(MAX_FIELDS)})
    assert "field0" in refused.value.messages_dict


def test_a_field_that_holds_thousands_of_rooms_is_read() -> None:
    rooms = {f"{number:024x}": number for number in range(2_000)}
    ids = {room_id: room_id[::-1] for room_id in rooms}
    loaded = SyncSchema().load({"rooms": rooms, "ids": ids})
    assert (loaded["rooms"], loaded["ids"]) == (rooms, ids)
    assert SyncSchema().load({"rooms": rooms})["ids"] == {}, "from older clients"


def outcome(schema: Schema, data: object, **options: Any) -> object:
    try:
        return schema.load(data, **options)
    except ValidationError as error:
        return "refused", error.messages


@given(st.data())
def test_a_schema_loads_and_refuses_what_marshmallow_does(data: st.DataObject) -> None:
    schema = data.draw(st.sampled_from(SCHEMAS))
    payload = {
        name: data.draw(VALID.get(name, WRONG) | WRONG if data.draw(st.booleans()) else valid)
        for name in schema.fields
        if (valid := VALID.get(name)) is not None and data.draw(st.integers(0, 9))
    }
    if not data.draw(st.integers(0, 9)):
        payload["unknown"] = 1
    # With an option, marshmallow does all of it.
    assert outcome(schema, payload) == outcome(schema, payload, many=False)


@pytest.mark.parametrize("payload", [None, 1, "text", [], [{}], {1: 2}], ids=repr)
def test_what_is_no_object_is_refused_as_marshmallow_does(payload: object) -> None:
    for schema in SCHEMAS:
        found = outcome(schema, payload)
        assert isinstance(found, tuple) and found == outcome(schema, payload, many=False)


def test_what_a_schema_checks_over_several_fields_is_checked() -> None:
    class Pair(Schema):
        one = fields.Integer()
        two = fields.Integer()

        @validates_schema
        def _differ(self, data: dict[str, int], **_: object) -> None:
            if data["one"] == data["two"]:
                raise ValidationError("invalid.value")

    assert outcome(Pair(), {"one": 1, "two": 2}) == {"one": 1, "two": 2}
    assert outcome(Pair(), {"one": 1, "two": 1}) == ("refused", {"_schema": ["invalid.value"]})
