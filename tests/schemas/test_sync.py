"""The input of `sync`."""

from __future__ import annotations

import pytest
from marshmallow import ValidationError

from chat.i18n import Text
from chat.schemas.sync import MAX_SYNCED, SyncSchema


def rooms(number: int) -> dict[str, int]:
    return {f"{room:024x}": 0 for room in range(number)}


@pytest.mark.parametrize("name", ["rooms", "ids", "revs"])
def test_one_sync_names_so_many_rooms(name: str) -> None:
    def named(number: int) -> dict[str, object]:
        return {"rooms": {}} | {
            name: {room: room if name == "ids" else 0 for room in rooms(number)}
        }

    assert len(SyncSchema().load(named(MAX_SYNCED))[name]) == MAX_SYNCED
    with pytest.raises(ValidationError) as found:
        SyncSchema().load(named(MAX_SYNCED + 1))
    assert found.value.messages == {name: [Text("invalid.too_many", max=MAX_SYNCED)]}
