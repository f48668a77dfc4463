"""Rooms: collection `room`; groups are unique by number, direct rooms by the two who talk."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from chat.database.client import Database
from chat.errors import NotFound
from chat.models import Message, Room
from chat.repositories.documents import between, in_pages, object_id, object_ids, with_ids
from chat.repositories.messages import document_of, message_of

# A time that much later was written while the database's clock was ahead.
AHEAD = timedelta(minutes=1)
PREVIEW_LENGTH = 200  # code points of `data` kept in a room's last message


class RoomRepository:
    """Rooms, and the copy of their log's end that lists of conversations are read from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, room_id: str) -> Room | None:
        """Return the room, or None."""
        return self._find_by({"_id": object_id(room_id)})

    def find_by_number(self, number: str) -> Room | None:
        """Return the group of that number, or None."""
        return self._find_by({"number": number})

    def find_direct(self, user_id: str, other_id: str) -> Room | None:
        """Return the room of the two, or None when they have not talked yet."""
        return self._find_by({"member_key": member_key(user_id, other_id)})

    def find_group_of(self, owner_id: str, name: str) -> Room | None:
        """Return a group of that name and owner, or None."""
        return self._find_by({"user_identity": object_id(owner_id), "name": name, "kind": "group"})

    def list_ids_of_owner(self, owner_id: str) -> list[str]:
        """Return the ids of the groups that a user owns."""
        found = self._database.db["room"].find({"user_identity": object_id(owner_id)}, {"_id": 1})
        return [str(document["_id"]) for document in found]

    def list_by_ids(self, room_ids: Iterable[str]) -> list[Room]:
        """Return those of the rooms that exist, in no order."""
        found = self._find_by_ids(object_ids(room_ids))
        return [room_of(document) for document in found]

    def count_groups(self, room_ids: Iterable[str]) -> int:
        """Return how many of the rooms are groups; one without `kind` is."""
        found = self._find_by_ids(object_ids(room_ids), {"kind": 1})
        return sum(document.get("kind") != "direct" for document in found)

    def insert_group(self, owner_id: str, name: str, info: str) -> Room:
        """Store a new group under a random number of nine digits that no other group has."""
        while True:
            document = self._new_document(kind="group", number=_number(), name=name, info=info)
            document["user_identity"] = ObjectId(owner_id)
            try:
                self._database.db["room"].insert_one(document)
            except DuplicateKeyError as error:
                if _is_number_taken(error):
                    continue
                if "_id" not in (error.details or {}).get("keyPattern", {}):  # else a retry of ours
                    raise
            return room_of(document)

    def insert_direct(self, user_id: str, other_id: str) -> Room | None:
        """Store the room of the two, which the first one opens; None when somebody just did so."""
        document = self._new_document(kind="direct", member_key=member_key(user_id, other_id))
        document["opened_by"] = ObjectId(user_id)
        try:
            self._database.db["room"].insert_one(document)
        except DuplicateKeyError:
            return None
        return room_of(document)

    def count_opened(self, user_id: str) -> int:
        """Count the direct rooms that a user opened and that are not noted as answered."""
        return self._database.db["room"].count_documents({"opened_by": object_id(user_id)})

    def list_opened(self, user_id: str) -> list[Room]:
        """Return the direct rooms that a user opened and that are not noted as answered."""
        found = self._database.db["room"].find({"opened_by": object_id(user_id)})
        return [room_of(document) for document in found]

    def note_answered(self, room_ids: Iterable[str]) -> None:
        """Note that the other one has written in these direct rooms: they count for nobody."""
        for some in with_ids(object_ids(room_ids)):
            self._database.db["room"].update_many(some, {"$unset": {"opened_by": ""}})

    def update(self, room_id: str, changes: Mapping[str, str]) -> Room:
        """Change `name`, `info`, `access` or `posting` and return the room as it is then."""
        room = self._update({"_id": object_id(room_id)}, changes)
        if room is None:
            raise NotFound()
        return room

    def renew_number(self, room_id: str) -> Room:
        """Give a group a new random number that no other group has, and return it as it is then."""
        while True:
            try:
                return self.update(room_id, {"number": _number()})
            except DuplicateKeyError as error:
                if not _is_number_taken(error):
                    raise

    def confirm_owner(self, room: Room) -> bool:
        """Tell whether a group still has the owner that it had in `room`, by a write to it."""
        return self._update(_with_owner(room.id, room.owner_id, None), {}) is not None

    def change_owner(self, room: Room, owner_id: str) -> Room | None:
        """Let another one own a group, and return the group as it is then.

        Return None, and change nothing, when the owner or the members are no longer those of
        `room`: it has been handed over, somebody came or left, or it is gone.
        """
        return self._update(
            _with_owner(room.id, room.owner_id, room.members_version),
            {"user_identity": ObjectId(owner_id)},
        )

    def touch_members(self, room_id: str) -> Room | None:
        """Note that somebody came or went; return the room as it is then, None when it is gone."""
        self._database.db["room"].update_one(
            {"_id": object_id(room_id)},
            {"$inc": {"members_version": 1}, "$currentDate": {"touched_at": True}},
        )
        # Read after the write: a hand-over from before it shows here, a later one fails on the
        # version.
        return self.find(room_id)

    def update_blocked_by(self, room_id: str, user_ids: Iterable[str]) -> None:
        """Write which of the two of a direct room block the other one; processes look again."""
        self._database.db["room"].update_one(
            {"_id": object_id(room_id)},
            {
                "$set": {"blocked_by": object_ids(user_ids)},
                "$inc": {"members_version": 1},
                "$currentDate": {"touched_at": True},
            },
        )

    def note_contended(self, room_id: str, process_id: str) -> None:
        """Tell others that a process came second as it wrote to a room's log."""
        self._database.db["room"].update_one(
            {"_id": object_id(room_id)},
            {
                "$set": {"contended_by": process_id},
                "$currentDate": {"contended_at": True, "touched_at": True},
            },
        )

    def is_contended(self, since: datetime, process_id: str) -> bool:
        """Tell whether another process than this one has come second since then, in any room.

        Since when is by the database's own clock, here and below.
        """
        lately = {"$gt": since, "$lt": since + AHEAD}
        found = self._database.db["room"].find_one(
            {
                "touched_at": lately,
                "contended_at": lately,
                "contended_by": {"$gt": "", "$ne": process_id},
            },
            {"_id": 1},
        )
        return found is not None

    def list_all(self) -> Iterator[Room]:
        """Yield all rooms, mostly the oldest first."""
        for document in in_pages(self._database.db["room"], {}):
            yield room_of(document)

    def list_latest(self, limit: int) -> list[Room]:
        """Return the rooms touched last."""
        cursor = self._database.db["room"].find().sort("touched_at", -1).limit(limit)
        return [room_of(document) for document in cursor]

    def list_touched(self, since: datetime, until: datetime | None = None) -> list[Room]:
        """Return the rooms touched since then, and before `until` where it is given."""
        cursor = self._database.db["room"].find({"touched_at": between(since, until)})
        return [room_of(document) for document in cursor]

    def list_deleted(self, since: datetime, until: datetime | None = None) -> set[str]:
        """Return the ids of the rooms deleted since then, and before `until` where it is given."""
        query = {"deleted_at": between(since, until)}
        notes = self._database.db["deleted_room"].find(query, {"_id": 1})
        noted = [note["_id"] for note in notes]
        left = self._find_by_ids(noted, {"_id": 1})
        return set(map(str, noted)) - {str(document["_id"]) for document in left}

    def advance_heads(self, heads: Iterable[Message]) -> None:
        """Write each room's last message; the end of a log and its state never go back."""
        changes = [
            UpdateOne(
                {"_id": ObjectId(message.room_id), **older},
                {
                    "$set": {"last_seq": message.seq, "last_message": _preview_of(message)},
                    "$currentDate": {"touched_at": True},
                },
            )
            for message in heads
            for older in _older_than(message)
        ]
        if changes:
            self._database.db["room"].bulk_write(changes, ordered=False)

    def advance_revs(self, revs: Mapping[str, int]) -> None:
        """Write up to which rev all changes of each room are applied; it never goes back."""
        changes = [
            UpdateOne(
                {"_id": ObjectId(room_id), "last_rev": {"$not": {"$gte": rev}}},
                {"$set": {"last_rev": rev}, "$currentDate": {"touched_at": True}},
            )
            for room_id, rev in revs.items()
        ]
        if changes:
            self._database.db["room"].bulk_write(changes, ordered=False)

    def delete(
        self, room_id: str, owner_id: str | None, members_version: int | None = None
    ) -> bool:
        """Remove a room whose owner this is; return whether it was removed.

        With a `members_version` only if nobody has come or left since. A note for other processes
        comes first: they pass over one of a room that is still there.
        """
        only = _with_owner(room_id, owner_id, members_version)
        if only["_id"] is None:
            return False
        self._database.db["deleted_room"].update_one(
            {"_id": only["_id"]}, {"$currentDate": {"deleted_at": True}}, upsert=True
        )
        return self._database.db["room"].delete_one(only).deleted_count == 1

    def _update(self, only: Mapping[str, Any], fields: Mapping[str, Any]) -> Room | None:
        """Change a room that matches; return it as it is then, None when none does."""
        result = self._database.db["room"].update_one(
            only,
            {
                "$set": {**fields, "updated_at": self._database.now_ms()},
                "$currentDate": {"touched_at": True},
            },
        )
        return self._find_by({"_id": only["_id"]}) if result.matched_count else None

    def _find_by_ids(
        self, ids: Iterable[ObjectId], projection: Mapping[str, int] | None = None
    ) -> Iterator[dict[str, Any]]:
        for query in with_ids(ids):
            yield from self._database.db["room"].find(query, projection)

    def _find_by(self, key: Mapping[str, Any]) -> Room | None:
        document = self._database.db["room"].find_one(key)
        return room_of(document) if document else None

    def _new_document(self, **fields: Any) -> dict[str, Any]:
        now = self._database.now_ms()
        return {
            "_id": ObjectId(),
            **fields,
            "last_seq": 0,
            "last_message": None,
            "created_at": now,
            "updated_at": now,
        }


def _with_owner(room_id: str, owner_id: str | None, members_version: int | None) -> dict[str, Any]:
    """Match a room only while this is its owner and nobody has come or left since a version."""
    only: dict[str, Any] = {
        "_id": object_id(room_id),
        "user_identity": object_id(owner_id) if owner_id else None,
    }
    if members_version is not None:
        # It only grows; a room that nobody has come to yet does not have it.
        only["members_version"] = {"$not": {"$gt": members_version}}
    return only


def _older_than(message: Message) -> Iterator[dict[str, Any]]:
    """Match a room whose last message is an older one, then one with an older state of this."""
    yield {"last_seq": {"$lt": message.seq}}
    if message.version:
        # A message that never changed has no version.
        version = {"$not": {"$gte": message.version}}
        yield {"last_seq": message.seq, "last_message.version": version}


def _preview_of(message: Message) -> dict[str, Any]:
    """Return what is kept of a room's last message: neither reactions nor whether it is pinned."""
    document = document_of(with_preview(message))
    if message.version:
        document |= {
            "version": message.version,
            "edited_at": message.edited_at,
            "deleted_at": message.deleted_at,
        }
    return document


def _number() -> str:
    return str(100_000_000 + secrets.randbelow(900_000_000))


def _is_number_taken(error: DuplicateKeyError) -> bool:
    return "number" in (error.details or {}).get("keyPattern", {})


def with_preview(message: Message) -> Message:
    """Return the message with as much of it as a list of conversations shows."""
    if len(message.data) <= PREVIEW_LENGTH and not message.reactions and not message.pinned:
        return message
    return replace(message, data=message.data[:PREVIEW_LENGTH], reactions=(), pinned=False)


def member_key(user_id: str, other_id: str) -> str:
    """Return the one key that two people share, whoever writes first."""
    return ":".join(sorted((user_id, other_id)))


def room_of(document: Mapping[str, Any]) -> Room:
    """Return the model of a stored room; a document without `kind` is a group."""
    last = document.get("last_message")
    key = document.get("member_key")
    room = Room(
        id=str(document["_id"]),
        kind=document.get("kind", "group"),
        number=document.get("number"),
        name=document.get("name"),
        info=document.get("info", ""),
        owner_id=str(document["user_identity"]) if document.get("user_identity") else None,
        last_seq=document.get("last_seq", 0),
        members_version=document.get("members_version", 0),
        last_message=message_of(last) if last else None,
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        access=document.get("access", "number"),
        posting=document.get("posting", "members"),
        blocked_by=tuple(map(str, document.get("blocked_by", ()))),
        last_rev=document.get("last_rev", 0),
    )
    return replace(room, member_ids=tuple(key.split(":"))) if key else room
