"""Small conversions between documents and what the rest of the program uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pymongo
from bson import ObjectId
from pymongo.errors import BulkWriteError

DUPLICATE_KEY = 11000  # the code of "this is there already"
# Ids in one query: the embedded engine takes n² time for n ids; per id, so many cost least.
IDS_AT_ONCE = 32
# Documents that are read in one step of the event loop where there may be thousands: the wait for
# the next ones lets everybody else have a turn, also under a lock, where nothing may rest.
STEP = 500
PAGE = 1_000  # documents of a list that is read whole
PAGE_SECONDS = 120.0  # for one: before the first the embedded engine looks at all documents


def date_of(milliseconds: int) -> datetime:
    """Return the date that TTL indexes want in place of milliseconds."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def milliseconds_of(date: datetime) -> int:
    """Return what `date_of` was made from; what the database returns is UTC and does not say so."""
    return round(date.replace(tzinfo=UTC).timestamp() * 1000)


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


def with_ids(ids: Iterable[ObjectId | str], field: str = "_id") -> Iterator[dict[str, Any]]:
    """Yield filters that match the documents with these ids, each a bounded number of them.

    `field` is one with an index of its own; its values may be names. Nothing else in the program
    asks by `$in`: its cost must not depend on how many there are.
    """
    distinct = list(dict.fromkeys(ids))
    for start in range(0, len(distinct), IDS_AT_ONCE):
        yield {field: {"$in": distinct[start : start + IDS_AT_ONCE]}}


def delete_in_pieces(collection: Any, query: Mapping[str, Any], size: int) -> Iterator[int]:
    """Delete what matches now; yield after each `size` documents how many of them were there."""
    ids = [document["_id"] for document in collection.find(query, {"_id": 1})]
    for start in range(0, len(ids), size):
        for some in with_ids(ids[start : start + size]):
            yield collection.delete_many(some).deleted_count


def delete_found(collection: Any, query: Mapping[str, Any]) -> None:
    """Remove all documents that match, a bounded number at once: others write in between."""
    for _ in delete_in_pieces(collection, query, IDS_AT_ONCE):
        pass


def in_pages(collection: Any, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all documents that match, in pages of one cursor, however many there are.

    One cursor, because each query of a range of ids reads the embedded engine's whole collection.
    """
    cursor = collection.find(query, batch_size=PAGE)
    while True:
        with pymongo.timeout(PAGE_SECONDS):
            page = list(islice(cursor, PAGE))
        yield from page
        if len(page) < PAGE:
            return


def between(since: Any, until: Any = None) -> dict[str, Any]:
    """Match what is after `since`, and before `until` where it is given."""
    return {"$gt": since} if until is None else {"$gt": since, "$lt": until}


def is_only_repeated(error: BulkWriteError) -> bool:
    """Tell whether everything else is stored, by a majority, and the rest was there before."""
    failures = error.details.get("writeErrors", [])
    return not error.details.get("writeConcernErrors") and all(
        failure.get("code") == DUPLICATE_KEY for failure in failures
    )
