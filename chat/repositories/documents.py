"""Conversions between documents and models, and helpers for bounded queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import pymongo
from bson import ObjectId
from pymongo.errors import BulkWriteError

from chat.chunks import chunked

if TYPE_CHECKING:
    from chat.database.client import Database

DUPLICATE_KEY = 11000  # MongoDB's error code
# Documents in one batch where there may be thousands. The wait for the next batch yields to other
# tasks, also under a lock, where an explicit pause is forbidden.
STEP = 500
PAGE = 1_000  # documents in a page of a whole collection
PAGE_SECONDS = 120.0  # time limit of a page: an engine may read everything before the first


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


def avatar_of(document: Mapping[str, Any]) -> str:
    """Return the id of the picture of a user or a room, or "".

    Older versions stored addresses of pictures anywhere; they count as none.
    """
    value = document.get("avatar")
    return value if isinstance(value, str) and object_id(value) else ""


def object_ids(values: Iterable[str]) -> list[ObjectId]:
    """Return the ObjectIds of the valid ones among `values`."""
    return [found for found in map(object_id, values) if found is not None]


def with_ids(
    database: Database, ids: Iterable[ObjectId | str], field: str = "_id"
) -> Iterator[dict[str, Any]]:
    """Yield filters that match the documents with these ids, a bounded number in each.

    `field` must have an index of its own; its values may also be strings. Use no `$in` elsewhere,
    because not every engine uses an index for it.
    """
    distinct = dict.fromkeys(ids)
    if distinct:
        for some in chunked(distinct, database.dialect.ids_at_once):
            yield {field: {"$in": some}}


def delete_in_pieces(database: Database, name: str, query: Mapping[str, Any]) -> Iterator[int]:
    """Delete the documents of a collection that match now; yield the count of each piece.

    Others can write in between.
    """
    collection = database.db[name]
    ids = [document["_id"] for document in collection.find(query, {"_id": 1})]
    for piece in chunked(ids, database.dialect.delete_piece):
        yield sum(collection.delete_many(some).deleted_count for some in with_ids(database, piece))


def delete_found(database: Database, name: str, query: Mapping[str, Any]) -> None:
    """Delete all matching documents of a collection in pieces."""
    for _ in delete_in_pieces(database, name, query):
        pass


def in_pages(
    collection: Any, query: dict[str, Any], projection: Mapping[str, int] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield all matching documents, in pages of one cursor."""
    cursor = collection.find(query, projection, batch_size=PAGE)
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
