"""The bounds of what a schema reads."""

from __future__ import annotations

import pytest
from marshmallow import ValidationError

from chat.schemas.base import MAX_FIELDS
from chat.schemas.sync import SyncSchema
from chat.schemas.users import SearchSchema


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
