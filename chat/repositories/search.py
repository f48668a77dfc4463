"""The index of messages: collection `search`, one document for each message.

Of a text it holds the numbers of its terms and nothing else. Two terms may have one number, and so
may two rooms: a message that is found has to be compared with the query.

The index begins with the week in which a message was sent. So what is written together lies
together, and what was written long ago is never touched again. `search_week` has all weeks.

A week with more than PART messages has several parts, each written after the other: new entries go
to all places of the part that is written, and the engine stays fast as long as its memory holds
that part. A part is stored as a number of its own in the place of the week.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from zlib import crc32

import pymongo
from bson import ObjectId
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from chat.chunks import chunked
from chat.concurrency import cooperatively
from chat.database.client import Database
from chat.models import SearchCursor
from chat.repositories.documents import (
    in_pages,
    is_only_repeated,
    object_ids,
    with_ids,
)

WEEK = 7 * 24 * 60 * 60 * 1000  # milliseconds
PART = 50_000  # messages, whose entries take a third of the memory of the embedded engine
PARTS_APART = 1_000_000  # between the numbers of two parts of a week
FIND_SECONDS = 0.3  # a cold index may be slow, and pages are to come anyhow
TIED = 4  # times as many are read where the last ones of a piece all have one time
# Terms that no text has: tokens have no control characters.
EVERY = "\n*"  # of each message, for searches without any other term
DELETED = "\ndeleted"
Document = dict[str, Any]
FIELDS = {"at": 1, "room_identity": 1}


@dataclass(frozen=True, slots=True)
class Week:
    """A week in which messages were sent, by its number since 1970."""

    number: int
    parts: int = 1

    @property
    def begins_at(self) -> int:
        """Return its first millisecond."""
        return self.number * WEEK

    @property
    def ends_at(self) -> int:
        """Return the first millisecond after it."""
        return self.begins_at + WEEK


@dataclass(frozen=True, slots=True)
class Entry:
    """What is stored of a message; a deleted one has no terms."""

    message_id: str
    room_id: str
    seq: int
    version: int
    at: int  # when the message was sent
    terms: Sequence[str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that may match."""

    place: SearchCursor
    room_id: str


def number_of(term: str) -> int:
    """Return the number of a term, which takes three bytes however long the term is."""
    return (crc32(term.encode()) & 0xFFFFFF) - 0x800000


def room_number(room_id: str) -> int:
    """Return the number of a room."""
    return (crc32(room_id.encode()) & 0xFFFFFF) - 0x800000


class SearchRepository:
    """Stores the terms of messages, and finds the newest messages with some terms."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def rooms_at_once(self) -> int:
        """Return how many rooms `find` takes."""
        return self._database.dialect.rooms_at_once

    @property
    def parts_at_once(self) -> int:
        """Return how many parts of weeks `find` takes."""
        return self._database.dialect.parts_at_once

    def insert(self, entries: Sequence[Entry]) -> None:
        """Store new messages; of those stored already, the newer version counts."""
        if not entries:
            return
        try:
            self._collection.insert_many(self._documents(entries, are_new=True), ordered=False)
        except BulkWriteError as error:
            if not is_only_repeated(error):
                raise
            at = {failure["index"] for failure in error.details.get("writeErrors", [])}
            self.replace([one for place, one in enumerate(entries) if place in at])

    def replace(self, entries: Sequence[Entry]) -> None:
        """Store messages that may be stored; an entry with an older version changes nothing."""
        if not entries:
            return
        changes = [
            UpdateOne(*_change(one), upsert=True) for one in self._documents(entries, are_new=False)
        ]
        try:
            self._collection.bulk_write(changes, ordered=False)
        except BulkWriteError as error:
            # An upsert of what is stored in this or a newer version violates the unique id.
            if not is_only_repeated(error):
                raise

    def weeks(self) -> list[Week]:
        """Return all weeks in which a message was sent, the newest first."""
        found = (Week(one["_id"], _parts_of(one.get("messages", 1))) for one in self._weeks.find())
        return sorted(found, key=attrgetter("number"), reverse=True)

    def find(
        self,
        terms: Sequence[str],
        weeks: Sequence[Week],
        room_ids: Collection[str] | None,
        before: SearchCursor | None,
        limit: int,
    ) -> tuple[list[Candidate], bool] | None:
        """Return the newest messages with all terms, of some weeks and rooms, before a place.

        The first term should be the rarest. None are all rooms. The second value says whether these
        are all. There are about `limit` of them, more where many have one time; none only if there
        is none. Return None if that takes too long, but for rooms in one week: less cannot be read.
        """
        find = self._find_all if self._database.dialect.reads_whole_ranges else self._find_newest
        is_least = room_ids is not None and len(weeks) == 1
        try:
            with nullcontext() if is_least else pymongo.timeout(FIND_SECONDS):
                return find([*map(number_of, terms)], _keys(weeks), _rooms(room_ids), before, limit)
        except PyMongoError as error:
            if error.timeout and not is_least:
                return None
            raise

    def _find_newest(
        self,
        numbers: list[int],
        keys: Sequence[int],
        rooms: Document,
        before: SearchCursor | None,
        limit: int,
    ) -> tuple[list[Candidate], bool]:
        # The index is read by the first number alone.
        query = {"week": _one_of(keys), "terms": {"$all": numbers}} | rooms
        if before is not None:
            query["at"] = {"$lte": before.at}
        while True:
            documents = self._collection.find(query, FIELDS).sort("at", -1).limit(limit)
            read = [*map(_candidate, documents)]
            is_all = len(read) < limit
            # The index knows no order of messages of one time, so the last ones may be any of them.
            found = [
                one for one in _before(before, read) if is_all or one.place.at > read[-1].place.at
            ]
            if found or is_all:
                return sorted(found, key=place_of, reverse=True), is_all
            limit *= TIED

    def _find_all(
        self,
        numbers: list[int],
        keys: Sequence[int],
        rooms: Document,
        before: SearchCursor | None,
        limit: int,
    ) -> tuple[list[Candidate], bool]:
        """Find without a limit, for an engine that reads everything anyway.

        It uses the index for plain values of its first fields alone.
        """
        read = (
            document
            for key in keys
            for document in self._collection.find(
                {"week": key, "terms": numbers[0]} | rooms, FIELDS | {"terms": 1}
            )
        )
        matching = [
            _candidate(one) for one in cooperatively(read) if set(numbers) <= set(one["terms"])
        ]
        return sorted(_before(before, matching), key=place_of, reverse=True), True

    def count(self, term: str, weeks: Sequence[Week], most: int) -> int:
        """Return how many messages of some weeks have a term, `most` at most.

        It is 0 where counting takes as long as reading.
        """
        if self._database.dialect.reads_whole_ranges:
            return 0
        query = {"week": _one_of(_keys(weeks)), "terms": number_of(term)}
        return int(self._collection.count_documents(query, limit=most))

    def delete_of_room(self, room_id: str) -> Iterator[int]:
        """Delete all entries of a room in pieces."""
        keys = _keys(self.weeks())
        for room in object_ids([room_id]):
            for some in chunked(keys, self.parts_at_once):
                for term in (EVERY, DELETED):
                    found = {"week": _one_of(some), "terms": number_of(term)} | _rooms([room_id])
                    yield from self._delete(found | {"room_identity": room})

    def delete_all(self) -> Iterator[int]:
        """Delete all entries in pieces."""
        return self._delete({})

    def _delete(self, query: Document) -> Iterator[int]:
        """Delete what matches in pieces, and never hold all ids: a room may have a million."""
        ids = (document["_id"] for document in in_pages(self._collection, query, {"_id": 1}))
        for piece in chunked(ids, self._database.dialect.delete_piece):
            yield sum(
                self._collection.delete_many(some).deleted_count
                for some in with_ids(self._database, piece)
            )

    def _documents(self, entries: Sequence[Entry], are_new: bool) -> list[Document]:
        """Return what is stored; the weeks are noted first: one without messages does no harm."""
        sent = Counter(one.at // WEEK for one in entries)
        keys = {week: self._part_for(week, count if are_new else 0) for week, count in sent.items()}
        return [_document(one, keys[one.at // WEEK]) for one in entries]

    def _part_for(self, week: int, count: int) -> int:
        """Return the part of a week for so many new messages; those repeated count again."""
        while True:
            try:
                # Not a later read, which could show the count of another process.
                found = self._weeks.find_one_and_update(
                    {"_id": week},
                    {"$inc": {"messages": count}},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError:
                continue  # another process stored the week first
            return week + (_parts_of(found["messages"]) - 1) * PARTS_APART

    @property
    def _collection(self) -> Any:
        return self._database.db["search"]

    @property
    def _weeks(self) -> Any:
        return self._database.db["search_week"]


def place_of(candidate: Candidate) -> SearchCursor:
    return candidate.place


def _parts_of(messages: int) -> int:
    """Return how many parts a week with so many messages has; the last one is written."""
    return 1 + max(0, messages - 1) // PART


def _keys(weeks: Iterable[Week]) -> list[int]:
    """Return the numbers of all parts."""
    return [week.number + part * PARTS_APART for week in weeks for part in range(week.parts)]


def _one_of(values: Sequence[int]) -> Any:
    return values[0] if len(values) == 1 else {"$in": list(values)}


def _rooms(room_ids: Collection[str] | None) -> Document:
    if room_ids is None:
        return {}
    return {"room": _one_of(sorted(set(map(room_number, room_ids))))}


def _before(place: SearchCursor | None, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    return (one for one in candidates if place is None or one.place < place)


def _document(entry: Entry, key: int) -> Document:
    terms = [EVERY, *entry.terms] if entry.terms else [DELETED]
    return {
        "_id": ObjectId(entry.message_id),
        "room_identity": ObjectId(entry.room_id),
        "room": room_number(entry.room_id),
        "seq": entry.seq,
        "version": entry.version,
        "at": entry.at,
        "week": key,
        "terms": sorted(set(map(number_of, terms))),
    }


def _change(document: Document) -> tuple[Document, Document]:
    """Return the guarded update of a stored entry, which stays in its part."""
    found = {"_id": document.pop("_id"), "version": {"$lt": document["version"]}}
    return found, {"$setOnInsert": {"week": document.pop("week")}, "$set": document}


def _candidate(document: Mapping[str, Any]) -> Candidate:
    place = SearchCursor(document["at"], str(document["_id"]))
    return Candidate(place, str(document["room_identity"]))
