"""The rooms' logs: `message`, unique by (room, seq) and by (room, user, client_id)."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from bson import ObjectId

from chat.models import Message, Reaction
from chat.repositories.appends import STRIDE, Appended, AppendingRepository
from chat.repositories.documents import object_id, object_ids, with_ids

LOOK_AHEAD = 5_000  # seqs that are searched in closed ranges before one open range


class MessageRepository(AppendingRepository):
    """Stores messages. It reads closed ranges, because open ones are slow when embedded."""

    name = "message"
    number = "seq"

    def append(self, messages: Sequence[Message]) -> Appended:
        """Insert the messages in order and stop at the first that cannot be stored."""
        return self._insert([document_of(message) for message in messages])

    def find_stored(self, messages: Sequence[Message]) -> dict[str, Message]:
        """Return those of the messages that are stored, by their id or by sender and client_id.

        The keys are the ids of `messages`. A stored message may have another id.
        """
        ids = [ObjectId(message.id) for message in messages]
        found = {
            str(document["_id"]): message_of(document)
            for query in with_ids(ids)
            for document in self._collection.find(query)
        }
        for message in messages:
            if message.id not in found:
                document = self._collection.find_one(
                    {
                        "room_identity": ObjectId(message.room_id),
                        "user_identity": ObjectId(message.user_id),
                        "client_id": message.client_id,
                    }
                )
                if document:
                    found[message.id] = message_of(document)
        return found

    def list_range(self, room_id: str, first: int, last: int) -> list[Message]:
        """Return the messages with `first <= seq <= last`, ascending."""
        found = object_id(room_id)
        if found is None or last < first:
            return []
        cursor = self._collection.find(
            {"room_identity": found, "seq": {"$gte": first, "$lte": last}}
        )
        return [message_of(document) for document in cursor.sort("seq", 1)]

    def list_by_ids(self, message_ids: Iterable[str]) -> list[Message]:
        """Return those of the messages that exist, unordered."""
        return [
            message_of(document)
            for query in with_ids(object_ids(message_ids))
            for document in self._collection.find(query)
        ]

    def list_pinned(self, room_id: str, limit: int) -> list[Message]:
        """Return the pinned messages of a room, the one pinned last first."""
        query = {"room_identity": object_id(room_id), "pinned_at": {"$gt": 0}}
        listed = self._database.db["pin"].find(query, {"_id": 1}).sort("pinned_at", -1).limit(limit)
        ids = [str(pin["_id"]) for pin in listed]
        found = {message.id: message for message in self.list_by_ids(ids) if message.pinned}
        return [found[id] for id in ids if id in found]

    def find_head(self, room_id: str, from_seq: int) -> Message | None:
        """Return the last message of a room if it is after `from_seq`, or None."""
        head = None
        while True:
            start = head.seq if head else from_seq
            page = self.list_range(room_id, start + 1, start + STRIDE)
            if page:
                head = page[-1]
            if len(page) < STRIDE:
                return head

    def ids_at(self, room_id: str, seqs: Collection[int]) -> dict[int, str]:
        """Return the ids of the messages with these seqs in a room, by seq."""
        wanted, left = set(seqs), sorted(seqs)
        found: dict[int, str] = {}
        while left:
            last = left[0] + STRIDE - 1
            cursor = self._collection.find(
                {
                    "room_identity": object_id(room_id),
                    "seq": {"$gte": left[0], "$lte": min(last, left[-1])},
                },
                {"seq": 1},
            )
            found |= {one["seq"]: str(one["_id"]) for one in cursor if one["seq"] in wanted}
            left = [seq for seq in left if seq > last]
        return found

    def has_written(self, room_id: str, user_id: str) -> bool:
        """Return whether a user has sent a message in a room."""
        query = {
            "room_identity": object_id(room_id),
            "user_identity": object_id(user_id),
            "client_id": {"$gt": ""},  # the condition of the index
        }
        return self._collection.find_one(query, {"_id": 1}) is not None

    def delete_range(self, room_id: str, first: int, last: int) -> int:
        """Delete the messages with `first <= seq <= last` and return their number."""
        result = self._collection.delete_many(
            {"room_identity": object_id(room_id), "seq": {"$gte": first, "$lte": last}}
        )
        return result.deleted_count

    def find_first_seq(self, room_id: str, from_seq: int) -> int | None:
        """Return the first stored seq from `from_seq` on, else the smallest one, or None.

        Searches in closed ranges, because the embedded engine reads the whole of an open one.
        """
        starts = range(from_seq, from_seq + LOOK_AHEAD, STRIDE)
        closed = ({"$gte": start, "$lt": start + STRIDE} for start in starts)
        for seqs in itertools.chain(closed, [{"$gt": 0}]):
            document = self._collection.find_one(
                {"room_identity": object_id(room_id), "seq": seqs}, {"seq": 1}, sort=[("seq", 1)]
            )
            if document:
                return int(document["seq"])
        return None


def document_of(message: Message) -> dict[str, Any]:
    """Return the document of a new message."""
    return {
        "_id": ObjectId(message.id),
        "room_identity": ObjectId(message.room_id),
        "user_identity": ObjectId(message.user_id),
        "seq": message.seq,
        "client_id": message.client_id,
        "kind": message.kind,
        "data": message.data,
        "created_at": message.created_at,
        "updated_at": message.updated_at,
    }


def message_of(document: Mapping[str, Any]) -> Message:
    """Return the model of a stored message; an unchanged one lacks the fields of changes."""
    return Message(
        id=str(document["_id"]),
        room_id=str(document["room_identity"]),
        user_id=str(document["user_identity"]),
        seq=document["seq"],
        client_id=document.get("client_id", ""),
        kind=document.get("kind", "text"),
        data=document["data"],
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        version=document.get("version", 0),
        edited_at=document.get("edited_at"),
        deleted_at=document.get("deleted_at"),
        pinned=bool(document.get("pinned_at")),
        reactions=_reactions_of(document.get("reactions", {})),
        used_emoji=len(document.get("reactions", {})),
    )


def _reactions_of(marks: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> tuple[Reaction, ...]:
    """Return the reactions that are on, by rev; `marks` are all of them by emoji and user."""
    found = [
        Reaction(emoji, user_id, mark["rev"])
        for emoji, of_users in marks.items()
        for user_id, mark in of_users.items()
        if mark["on"]
    ]
    return tuple(sorted(found, key=lambda one: one.rev))
