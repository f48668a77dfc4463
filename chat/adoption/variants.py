"""Reads single values as the servers of the family wrote them, under any of their names."""

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
    """Return in milliseconds when it was made, None when the document does not say."""
    return _time(document, "created_at", "crated_at")


def updated_at(document: Mapping[str, Any]) -> int | None:
    """Return in milliseconds when it was changed, None when the document does not say."""
    return _time(document, "updated_at", "updated_t")


def text(document: Mapping[str, Any], *names: str) -> str:
    """Return the first of the fields that holds something, as text; empty when none does."""
    for name in names:
        value = document.get(name)
        if value is not None and value != "":
            return str(value)
    return ""


def reference(value: object) -> str:
    """Return the one spelling of a reference, which may be an `identity`, hex or an ObjectId."""
    return "" if value is None else str(value).strip()


def id_of(value: object) -> ObjectId:
    """Return the value as an id: what is none gives the same made-up one each time."""
    if isinstance(value, ObjectId):
        return value
    written = reference(value)
    if ObjectId.is_valid(written):
        return ObjectId(written)
    return ObjectId(hashlib.sha256(written.encode()).digest()[:12])


def made_at(document: Mapping[str, Any]) -> int:
    """Return in milliseconds when it was made; its `_id` tells when no field does."""
    found = created_at(document)
    if found is not None:
        return found
    id_ = document["_id"]
    return int(ObjectId(id_).generation_time.timestamp()) * 1000 if ObjectId.is_valid(id_) else 0


def times(document: Mapping[str, Any]) -> dict[str, int]:
    """Return `created_at` and `updated_at` in milliseconds, as well as the document tells."""
    created = made_at(document)
    return {"created_at": created, "updated_at": updated_at(document) or created}


def without(document: Mapping[str, Any], *names: str) -> Document:
    """Return a copy that lacks these fields and those whose names are misspelt."""
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
