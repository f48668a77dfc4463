"""Small conversions between documents and what the rest of the program uses."""

from __future__ import annotations

import time
from collections.abc import Iterable

from bson import ObjectId


def now_ms() -> int:
    """Return the present in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """Make an id before its document is stored, so that storing it twice is noticed."""
    return str(ObjectId())


def object_id(value: str) -> ObjectId | None:
    """Return the ObjectId that `value` writes down, or None: such a thing does not exist.

    Only the one spelling that we hand out counts, so that an id can be a key of a cache.
    """
    if not ObjectId.is_valid(value):
        return None
    found = ObjectId(value)
    return found if str(found) == value else None


def object_ids(values: Iterable[str]) -> list[ObjectId]:
    """Return the ObjectIds among `values`; anything else names nothing."""
    return [found for found in map(object_id, values) if found is not None]
