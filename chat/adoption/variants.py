"""Reading single values, under any of the field names of the older servers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

Document = dict[str, Any]

MISSPELT = ("crated_at", "updated_t")
SECONDS_END = 10**11  # more cannot be seconds: the year would be 5138; as milliseconds it is 1973
MILLISECONDS_END = 10**14  # more is micro- or nanoseconds


def created_at(document: Mapping[str, Any]) -> int | None:
    """Return the time of creation in milliseconds, or None if the document lacks it."""
    return _time(document, "created_at", "crated_at")


def updated_at(document: Mapping[str, Any]) -> int | None:
    """Return the time of the last change in milliseconds, or None if the document lacks it."""
    return _time(document, "updated_at", "updated_t")


def text(document: Mapping[str, Any], *names: str) -> str:
    """Return the first of the fields that is not empty, as text, else an empty text."""
    for name in names:
        value = document.get(name)
        if value is not None and value != "":
            return str(value)
    return ""


def reference(value: object) -> str:
    """Return the canonical form of a reference: an `identity`, hex or an ObjectId."""
    return "" if value is None else str(value).strip()


def id_of(value: object) -> ObjectId:
    """Return the value as an id; any other value gives the same derived id each time."""
    if isinstance(value, ObjectId):
        return value
    written = reference(value)
    if ObjectId.is_valid(written):
        return ObjectId(written)
    return ObjectId(hashlib.sha256(written.encode()).digest()[:12])


def made_at(document: Mapping[str, Any]) -> int:
    """Return the time of creation in milliseconds, from its `_id` if no field has it."""
    found = created_at(document)
    if found is not None:
        return found
    id_ = document["_id"]
    return int(ObjectId(id_).generation_time.timestamp()) * 1000 if ObjectId.is_valid(id_) else 0


def times(document: Mapping[str, Any]) -> dict[str, int]:
    """Return `created_at` and `updated_at` in milliseconds, as far as the document has them."""
    created = made_at(document)
    return {"created_at": created, "updated_at": updated_at(document) or created}


def without(document: Mapping[str, Any], *names: str) -> Document:
    """Return a copy without these fields and without misspelt ones."""
    return {name: v for name, v in document.items() if name not in names and name not in MISSPELT}


def _time(document: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        found = _milliseconds(document.get(name))
        if found is not None:
            return found
    return None


def _milliseconds(value: object) -> int | None:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return int(aware.timestamp() * 1000)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    if value <= 0:
        return None
    number = int(value * 1000) if value < SECONDS_END else int(value)
    while number >= MILLISECONDS_END:
        number //= 1000
    return number
