"""Single values, under each of their names and in each of their units."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Int64, ObjectId

from chat.adoption.variants import id_of, reference, text, times

ID = ObjectId("5f5e10000000000000000000")  # made at 1600000000


@pytest.mark.parametrize(
    ("document", "created", "updated"),
    [
        ({"created_at": 1_600_000_000, "updated_at": 1_600_000_060}, 1_600_000_000_000, 60_000),
        ({"crated_at": 1_600_000_000, "updated_t": 1_600_000_060}, 1_600_000_000_000, 60_000),
        ({"created_at": Int64(1_600_000_000_000)}, 1_600_000_000_000, 0),
        ({"created_at": 1_600_000_000.5}, 1_600_000_000_500, 0),
        ({"created_at": 1_600_000_000_000_000_000}, 1_600_000_000_000, 0),
        ({"created_at": datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)}, 1_600_000_000_000, 0),
        ({"created_at": 0, "crated_at": 1_600_000_000}, 1_600_000_000_000, 0),
        ({}, 1_600_000_000_000, 0),
        ({"created_at": float("nan"), "updated_at": "soon"}, 1_600_000_000_000, 0),
    ],
)
def test_times_become_milliseconds(document: dict[str, Any], created: int, updated: int) -> None:
    assert times({"_id": ID, **document}) == {
        "created_at": created,
        "updated_at": created + updated,
    }


def test_a_reference_has_one_spelling() -> None:
    assert reference(ID) == reference(str(ID)) == reference(f" {ID} ")
    assert reference(None) == ""


def test_what_is_no_id_gets_the_same_one_each_time() -> None:
    assert id_of(ID) == id_of(str(ID)) == ID
    assert id_of("somebody") == id_of("somebody") != id_of("somebody else")


def test_text_is_the_first_field_that_holds_something() -> None:
    assert text({"username": "", "account": "a"}, "username", "account") == "a"
    assert text({"account": 42}, "username", "account") == "42"
    assert text({}, "username") == ""
