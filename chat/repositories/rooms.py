"""Rooms: collection `room`; groups are unique by number, direct rooms by their two members."""

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
from chat.database.dialects import Pacing
from chat.errors import NotFound
from chat.models import NO_MENTIONS, AllMention, Message, Room
from chat.repositories.documents import (
    avatar_of,
    between,
    in_pages,
    object_id,
    object_ids,
    with_ids,
)
from chat.repositories.messages import PREVIEW_LENGTH, document_of, message_of

# A time so far in the future was written while the database's clock was ahead.
AHEAD = timedelta(minutes=1)


class RoomRepository:
    """Stores rooms, each with a copy of its log's tail for lists of conversations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def pacing(self) -> Pacing:
        """Return how `advance_heads` and `advance_revs` are to be called for many rooms."""
        return self._database.dialect.heads

    def find(self, room_id: str) -> Room | None:
        """Return the room, or None."""
        return self._find_by({"_id": object_id(room_id)})

    def find_by_number(self, number: str) -> Room | None:
        """Return the group of that number, or None."""
        return self._find_by({"number": number})

    def find_direct(self, user_id: str, other_id: str) -> Room | None:
        """Return the direct room of two users, or None."""
        return self._find_by({"member_key": member_key(user_id, other_id)})

    def find_group_of(self, owner_id: str, name: str) -> Room | None:
        """Return a group of that name and owner, or None."""
        return self._find_by({"user_identity": object_id(owner_id), "name": name, "kind": "group"})

    def list_ids_of_owner(self, owner_id: str) -> list[str]:
        """Return the ids of the groups that a user owns."""
        found = self._database.db["room"].find({"user_identity": object_id(owner_id)}, {"_id": 1})
        return [str(document["_id"]) for document in found]

    def list_by_ids(self, room_ids: Iterable[str]) -> list[Room]:
        """Return those of the rooms that exist, unordered."""
        found = self._find_by_ids(object_ids(room_ids))
        return [room_of(document) for document in found]

    def count_groups(self, room_ids: Iterable[str]) -> int:
        """Count the groups among the rooms; a room without `kind` is a group."""
        found = self._find_by_ids(object_ids(room_ids), {"kind": 1})
        return sum(document.get("kind") != "direct" for document in found)

    def insert_group(self, owner_id: str, name: str, info: str) -> Room:
        """Store a new group with an unused random number of nine digits."""
        while True:
            document = self._new_document(kind="group", number=_number(), name=name, info=info)
            document["user_identity"] = ObjectId(owner_id)
            try:
                self._database.db["room"].insert_one(document)
            except DuplicateKeyError as error:
                if _is_number_taken(error):
                    continue
                # A duplicate `_id` is the driver's own retry of this insert.
                if "_id" not in (error.details or {}).get("keyPattern", {}):
                    raise
            return room_of(document)

    def insert_direct(self, user_id: str, other_id: str) -> Room | None:
        """Store the direct room of two users, opened by the first; None if it exists already."""
        document = self._new_document(kind="direct", member_key=member_key(user_id, other_id))
        document["opened_by"] = ObjectId(user_id)
        try:
            self._database.db["room"].insert_one(document)
        except DuplicateKeyError:
            return None
        return room_of(document)

    def count_opened(self, user_id: str) -> int:
        """Count the direct rooms that a user opened and that are not marked as answered."""
        return self._database.db["room"].count_documents({"opened_by": object_id(user_id)})

    def list_opened(self, user_id: str) -> list[Room]:
        """Return the direct rooms that a user opened and that are not marked as answered."""
        found = self._database.db["room"].find({"opened_by": object_id(user_id)})
        return [room_of(document) for document in found]

    def mark_answered(self, room_ids: Iterable[str]) -> None:
        """Mark direct rooms as answered, so that they no longer count for their opener."""
        for some in with_ids(self._database, object_ids(room_ids)):
            self._database.db["room"].update_many(some, {"$unset": {"opened_by": ""}})

    def update(self, room_id: str, changes: Mapping[str, str]) -> Room:
        """Change `name`, `info`, `avatar`, `access` or `posting` and return the changed room."""
        room = self._update({"_id": object_id(room_id)}, changes)
        if room is None:
            raise NotFound()
        return room

    def renew_number(self, room_id: str) -> Room:
        """Give a group an unused random number and return the changed group."""
        while True:
            try:
                return self.update(room_id, {"number": _number()})
            except DuplicateKeyError as error:
                if not _is_number_taken(error):
                    raise

    def confirm_owner(self, room: Room) -> bool:
        """Write to the group if its owner is still that of `room`; return whether it is."""
        return self._update(_with_owner(room.id, room.owner_id, None), {}) is not None

    def change_owner(self, room: Room, owner_id: str) -> Room | None:
        """Set the owner of a group and return the changed group.

        Changes nothing and returns None if the owner or the members are no longer those of `room`,
        or the group is deleted.
        """
        return self._update(
            _with_owner(room.id, room.owner_id, room.members_version),
            {"user_identity": ObjectId(owner_id)},
        )

    def touch_members(self, room_id: str) -> Room | None:
        """Record a change of members; return the changed room, or None if it is deleted."""
        self._database.db["room"].update_one(
            {"_id": object_id(room_id)},
            {"$inc": {"members_version": 1}, "$currentDate": {"touched_at": True}},
        )
        # Read after the write: an earlier change of owner is visible here, and a later one fails
        # because of the version.
        return self.find(room_id)

    def update_blocked_by(self, room_id: str, user_ids: Iterable[str]) -> None:
        """Write which members of a direct room block the other, and make processes reload it."""
        self._database.db["room"].update_one(
            {"_id": object_id(room_id)},
            {
                "$set": {"blocked_by": object_ids(user_ids)},
                "$inc": {"members_version": 1},
                "$currentDate": {"touched_at": True},
            },
        )

    def record_contention(self, room_id: str, process_id: str) -> None:
        """Tell other processes that this one lost a race for a number in a room's log."""
        self._database.db["room"].update_one(
            {"_id": object_id(room_id)},
            {
                "$set": {"contended_by": process_id},
                "$currentDate": {"contended_at": True, "touched_at": True},
            },
        )

    def is_contended(self, since: datetime, process_id: str) -> bool:
        """Return whether another process lost such a race in any room after `since`.

        `since` is by the database's clock, here and below.
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
        """Yield all rooms, roughly from the oldest to the newest."""
        for document in in_pages(self._database.db["room"], {}):
            yield room_of(document)

    def list_latest(self, limit: int) -> list[Room]:
        """Return the most recently touched rooms."""
        cursor = self._database.db["room"].find().sort("touched_at", -1).limit(limit)
        return [room_of(document) for document in cursor]

    def list_touched(self, since: datetime, until: datetime | None = None) -> list[Room]:
        """Return the rooms touched after `since` and, if given, before `until`."""
        cursor = self._database.db["room"].find({"touched_at": between(since, until)})
        return [room_of(document) for document in cursor]

    def list_deleted(self, since: datetime, until: datetime | None = None) -> set[str]:
        """Return the ids of rooms deleted after `since` and, if given, before `until`."""
        query = {"deleted_at": between(since, until)}
        notes = self._database.db["deleted_room"].find(query, {"_id": 1})
        noted = [note["_id"] for note in notes]
        left = self._find_by_ids(noted, {"_id": 1})
        return set(map(str, noted)) - {str(document["_id"]) for document in left}

    def advance_heads(self, heads: Iterable[Message]) -> None:
        """Write each room's last message, unless the room has a newer one or a newer state."""
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
        """Write for each room the rev up to which all changes are applied; it never decreases."""
        changes = [
            UpdateOne(
                {"_id": ObjectId(room_id), "last_rev": {"$not": {"$gte": rev}}},
                {"$set": {"last_rev": rev}, "$currentDate": {"touched_at": True}},
            )
            for room_id, rev in revs.items()
        ]
        if changes:
            self._database.db["room"].bulk_write(changes, ordered=False)

    def advance_all_mentions(self, mentions: Mapping[str, AllMention]) -> None:
        """Write for each group its last message that mentions all; its seq never decreases."""
        changes = [
            UpdateOne(
                {
                    "_id": ObjectId(room_id),
                    "last_mention_all_seq": {"$not": {"$gte": last.seq}},
                },
                {
                    "$set": {
                        "last_mention_all_seq": last.seq,
                        "last_mention_all_by": ObjectId(last.user_id),
                    }
                },
            )
            for room_id, last in mentions.items()
        ]
        if changes:
            self._database.db["room"].bulk_write(changes, ordered=False)

    def delete(
        self, room_id: str, owner_id: str | None, members_version: int | None = None
    ) -> bool:
        """Delete a room if this is its owner; return whether it was deleted.

        With a `members_version`, only if nobody has joined or left since. The entry in
        `deleted_room` for other processes is written first; they ignore it while the room exists.
        """
        only = _with_owner(room_id, owner_id, members_version)
        if only["_id"] is None:
            return False
        self._database.db["deleted_room"].update_one(
            {"_id": only["_id"]}, {"$currentDate": {"deleted_at": True}}, upsert=True
        )
        return self._database.db["room"].delete_one(only).deleted_count == 1

    def _update(self, only: Mapping[str, Any], fields: Mapping[str, Any]) -> Room | None:
        """Change the matching room and return it, or None if there is none."""
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
        for query in with_ids(self._database, ids):
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
    """Match a room with that owner, and with no change of members since a version."""
    only: dict[str, Any] = {
        "_id": object_id(room_id),
        "user_identity": object_id(owner_id) if owner_id else None,
    }
    if members_version is not None:
        # The version only grows, and a room without any change of members lacks it.
        only["members_version"] = {"$not": {"$gt": members_version}}
    return only


def _older_than(message: Message) -> Iterator[dict[str, Any]]:
    """Match a room with an older last message, then one with an older state of this message."""
    yield {"last_seq": {"$lt": message.seq}}
    if message.version:
        # An unchanged message has no version.
        version = {"$not": {"$gte": message.version}}
        yield {"last_seq": message.seq, "last_message.version": version}


def _preview_of(message: Message) -> dict[str, Any]:
    """Return the copy of a message for its room, cut as `with_preview` does."""
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
    """Return the message cut to what a list of conversations shows."""
    if (
        len(message.data) <= PREVIEW_LENGTH
        and not message.reactions
        and not message.pinned
        and message.reply_to is None
        and message.mentions is NO_MENTIONS
    ):
        return message
    return replace(
        message,
        data=message.data[:PREVIEW_LENGTH],
        reactions=(),
        pinned=False,
        reply_to=None,
        reply_to_id=None,
        quote=None,
        mentions=NO_MENTIONS,
    )


def member_key(user_id: str, other_id: str) -> str:
    """Return the key of two users, in either order."""
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
        last_mention_all=_all_mention_of(document),
        avatar=avatar_of(document),
    )
    return replace(room, member_ids=tuple(key.split(":"))) if key else room


def _all_mention_of(document: Mapping[str, Any]) -> AllMention | None:
    seq = document.get("last_mention_all_seq")
    return AllMention(seq, str(document["last_mention_all_by"])) if seq else None
