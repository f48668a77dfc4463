"""The index of messages: collection `search`, one document for each message.

Of a text it holds the numbers of its terms and nothing else. Two terms may have one number, so a
message that is found has to be compared with the query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from zlib import crc32

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from chat.database.client import Database
from chat.models import SearchCursor
from chat.repositories.documents import (
    delete_in_pieces,
    in_pages,
    is_only_repeated,
    object_ids,
    with_ids,
)

TIED = 4  # times as many are read where the last ones of a piece all have one time
Document = dict[str, Any]


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
    """A message that may match: it has the term that was searched, and has `numbers`."""

    place: SearchCursor
    room_id: str
    numbers: frozenset[int]


def number_of(term: str) -> int:
    """Return the number of a term, which takes four bytes however long the term is."""
    return crc32(term.encode()) - 2**31


class SearchRepository:
    """Stores the terms of messages, and finds the newest messages with a term."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def rooms_at_once(self) -> int:
        """Return how many rooms `find` takes."""
        return self._database.dialect.rooms_at_once

    @property
    def rooms_searched(self) -> int:
        """Return in how many rooms a search may look."""
        return self._database.dialect.rooms_searched

    def insert(self, entries: Sequence[Entry]) -> None:
        """Store new messages; of those stored already, the newer version counts."""
        if not entries:
            return
        try:
            self._collection.insert_many([_document(one) for one in entries], ordered=False)
        except BulkWriteError as error:
            if not is_only_repeated(error):
                raise
            at = {failure["index"] for failure in error.details.get("writeErrors", [])}
            self.replace([one for place, one in enumerate(entries) if place in at])

    def replace(self, entries: Sequence[Entry]) -> None:
        """Store messages that may be stored; an entry with an older version changes nothing."""
        if not entries:
            return
        changes = [UpdateOne(*_change(one), upsert=True) for one in entries]
        try:
            self._collection.bulk_write(changes, ordered=False)
        except BulkWriteError as error:
            # An upsert of what is stored in this or a newer version violates the unique id.
            if not is_only_repeated(error):
                raise

    def find(
        self,
        room_ids: Sequence[str],
        term: str,
        before: SearchCursor | None,
        since: int | None,
        limit: int,
    ) -> tuple[list[Candidate], bool]:
        """Return the newest messages with a term in some rooms that were sent before a place.

        The second value says whether these are all. There are about `limit` of them, more where
        many have one time; none only if there is none. `room_ids` are as many as the dialect's
        `rooms_at_once`.
        """
        query: Document = {"room_identity": _rooms(room_ids), "terms": number_of(term)}
        times: Document = {} if since is None else {"$gte": since}
        if before is not None:
            times["$lte"] = before.at
        if times:
            query["at"] = times
        while True:
            read = [*map(_candidate, self._collection.find(query).sort("at", -1).limit(limit))]
            is_all = len(read) < limit
            # The index knows no order of messages of one time, so the last ones may be any of them.
            found = [
                one
                for one in read
                if (is_all or one.place.at > read[-1].place.at)
                and (before is None or one.place < before)
            ]
            if found or is_all:
                return sorted(found, key=lambda one: one.place, reverse=True), is_all
            limit *= TIED

    def count(self, room_ids: Sequence[str], term: str, most: int) -> int:
        """Return how many messages of some rooms have a term, `most` at most."""
        query = {"room_identity": _rooms(room_ids), "terms": number_of(term)}
        return int(self._collection.count_documents(query, limit=most))

    def delete_of_room(self, room_id: str) -> Iterator[int]:
        """Delete all entries of a room in pieces."""
        for room in object_ids([room_id]):
            yield from delete_in_pieces(self._database, "search", {"room_identity": room})

    def delete_all(self) -> Iterator[int]:
        """Delete all entries in pieces."""
        ids = (document["_id"] for document in in_pages(self._collection, {}, {"_id": 1}))
        while piece := [*islice(ids, self._database.dialect.delete_piece)]:
            yield sum(
                self._collection.delete_many(query).deleted_count
                for query in with_ids(self._database, piece)
            )

    @property
    def _collection(self) -> Any:
        return self._database.db["search"]


def _rooms(room_ids: Sequence[str]) -> Any:
    ids = object_ids(room_ids)
    return ids[0] if len(ids) == 1 else {"$in": ids}


def _document(entry: Entry) -> Document:
    fields: Document = {
        "_id": ObjectId(entry.message_id),
        "room_identity": ObjectId(entry.room_id),
        "seq": entry.seq,
        "version": entry.version,
    }
    if entry.terms:
        fields |= {"at": entry.at, "terms": sorted(map(number_of, entry.terms))}
    return fields


def _change(entry: Entry) -> tuple[Document, Document]:
    """Return the guarded update of a stored entry."""
    document = _document(entry)
    found = {"_id": document.pop("_id"), "version": {"$lt": entry.version}}
    if entry.terms:
        return found, {"$set": document}
    return found, {"$set": document, "$unset": {"at": 1, "terms": 1}}


def _candidate(document: Mapping[str, Any]) -> Candidate:
    return Candidate(
        place=SearchCursor(document["at"], str(document["_id"])),
        room_id=str(document["room_identity"]),
        numbers=frozenset(document["terms"]),
    )
