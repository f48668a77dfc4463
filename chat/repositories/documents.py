"""Conversions between documents and models, and helpers for bounded queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pymongo
from bson import ObjectId
from pymongo.errors import BulkWriteError

DUPLICATE_KEY = 11000  # MongoDB's error code
# Ids in one query. The embedded engine takes n² time for n ids; this number costs least per id.
IDS_AT_ONCE = 32
# Documents in one batch where there may be thousands. The wait for the next batch yields to other
# tasks, also under a lock, where an explicit pause is forbidden.
STEP = 500
PAGE = 1_000  # documents in a page of a whole collection
PAGE_SECONDS = 120.0  # time limit of a page: the embedded engine reads everything before the first


def date_of(milliseconds: int) -> datetime:
    """Return milliseconds as the date type that TTL indexes need."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def milliseconds_of(date: datetime) -> int:
    """Return a date as milliseconds; the database returns naive dates in UTC."""
    return round(date.replace(tzinfo=UTC).timestamp() * 1000)


def object_id(value: str) -> ObjectId | None:
    """Return the ObjectId of a text, or None, which matches no document.

    Only the canonical spelling is valid, so that an id can be a key of a cache.
    """
    if not ObjectId.is_valid(value):
        return None
    found = ObjectId(value)
    return found if str(found) == value else None


def object_ids(values: Iterable[str]) -> list[ObjectId]:
    """Return the ObjectIds of the valid ones among `values`."""
    return [found for found in map(object_id, values) if found is not None]


def with_ids(ids: Iterable[ObjectId | str], field: str = "_id") -> Iterator[dict[str, Any]]:
    """Yield filters that match the documents with these ids, a bounded number in each.

    `field` must have an index of its own; its values may also be strings. Use no `$in` elsewhere,
    because its cost per id grows with the number of ids.
    """
    distinct = list(dict.fromkeys(ids))
    for start in range(0, len(distinct), IDS_AT_ONCE):
        yield {field: {"$in": distinct[start : start + IDS_AT_ONCE]}}


def delete_in_pieces(collection: Any, query: Mapping[str, Any], size: int) -> Iterator[int]:
    """Delete the documents that match now in pieces of `size`; yield the count of each."""
    ids = [document["_id"] for document in collection.find(query, {"_id": 1})]
    for start in range(0, len(ids), size):
        for some in with_ids(ids[start : start + size]):
            yield collection.delete_many(some).deleted_count


def delete_found(collection: Any, query: Mapping[str, Any]) -> None:
    """Delete all matching documents in bounded pieces, so that others can write in between."""
    for _ in delete_in_pieces(collection, query, IDS_AT_ONCE):
        pass


def in_pages(collection: Any, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all matching documents, in pages of one cursor.

    Not one query for each page, because on the embedded engine each would read the whole
    collection.
    """
    cursor = collection.find(query, batch_size=PAGE)
    while True:
        with pymongo.timeout(PAGE_SECONDS):
            page = list(islice(cursor, PAGE))
        yield from page
        if len(page) < PAGE:
            return


def between(since: Any, until: Any = None) -> dict[str, Any]:
    """Match values after `since` and, if it is given, before `until`."""
    return {"$gt": since} if until is None else {"$gt": since, "$lt": until}


def is_only_repeated(error: BulkWriteError) -> bool:
    """Return whether all failures are duplicates and a majority confirmed the rest."""
    failures = error.details.get("writeErrors", [])
    return not error.details.get("writeConcernErrors") and all(
        failure.get("code") == DUPLICATE_KEY for failure in failures
    )
