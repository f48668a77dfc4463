"""The rooms' logs: `message`, unique by (room, seq) and by (room, user, client_id)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bson import ObjectId

from chat.models import NO_MENTIONS, File, Mentions, Message, Quote, Reaction
from chat.repositories.appends import Appended, AppendingRepository
from chat.repositories.documents import object_id, object_ids, with_ids

# Where an open range is read whole: seqs in one closed range, and those searched in such ranges.
CLOSED_RANGE = 100
LOOK_AHEAD = 5_000
PREVIEW_LENGTH = 200  # code points of `data` in a quote, and in the last message of a room


class MessageRepository(AppendingRepository):
    """Stores messages, and reads them by ranges of seq."""

    name = "message"
    number = "seq"

    def append(self, messages: Sequence[Message]) -> Appended:
        """Insert the messages in order and stop at the first that cannot be stored."""
        return self._insert([document_of(message) for message in messages])

    def find_stored(self, messages: Sequence[Message]) -> dict[str, Message]:
        """Return those of the messages that are stored, by their id or by sender and client_id.

        The keys are the ids of `messages`. A stored message may have another id.
        """
        if not messages:
            return {}
        if self._database.dialect.scans_for_lists:
            found = [*self._find_each_stored(messages)]
        else:
            found = [*map(message_of, self._collection.find(_all_stored(messages)))]
        by_id = {message.id: message for message in found}
        by_key = {_key_of(message): message for message in found}
        pairs = {one.id: by_id.get(one.id) or by_key.get(_key_of(one)) for one in messages}
        return {id: stored for id, stored in pairs.items() if stored is not None}

    def find_sent(self, room_id: str, user_id: str, client_id: str) -> Message | None:
        """Return the message that a user sent to a room under a client_id, or None."""
        document = self._collection.find_one(_sent_by(room_id, user_id, client_id))
        return None if document is None else message_of(document)

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
            for query in with_ids(self._database, object_ids(message_ids))
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
        room = object_id(room_id)
        if room is None:
            return None
        # An engine that reads whole ranges reads the few messages after `from_seq`.
        document = self._collection.find_one(
            {"room_identity": room, "seq": {"$gt": from_seq}}, sort=[("seq", -1)]
        )
        return message_of(document) if document else None

    def ids_at(self, room_id: str, seqs: Collection[int]) -> dict[int, str]:
        """Return the ids of the messages with these seqs in a room, by seq."""
        wanted, room = set(seqs), object_id(room_id)
        return {
            one["seq"]: str(one["_id"])
            for filter_of_seq in self._filters_of(wanted)
            for one in self._collection.find(
                {"room_identity": room, "seq": filter_of_seq}, {"seq": 1}
            )
            if one["seq"] in wanted
        }

    def has_written(self, room_id: str, user_id: str) -> bool:
        """Return whether a user has sent a message in a room."""
        query = {
            "room_identity": object_id(room_id),
            "user_identity": object_id(user_id),
            "client_id": {"$gt": ""},  # the condition of the index
        }
        return self._collection.find_one(query, {"_id": 1}) is not None

    def delete_of_room(self, room_id: str, from_seq: int) -> Iterator[int]:
        """Delete all messages of a room in pieces, those from `from_seq` on first.

        Yield after each piece the first seq that may still exist.
        """
        piece = self._database.dialect.delete_piece
        seq: int | None = from_seq
        while seq is not None:
            while self.delete_range(room_id, seq, seq + piece - 1):
                seq += piece
                yield seq
            seq = self.find_first_seq(room_id, seq)

    def delete_range(self, room_id: str, first: int, last: int) -> int:
        """Delete the messages with `first <= seq <= last` and return their number."""
        result = self._collection.delete_many(
            {"room_identity": object_id(room_id), "seq": {"$gte": first, "$lte": last}}
        )
        return result.deleted_count

    def find_first_seq(self, room_id: str, from_seq: int) -> int | None:
        """Return the first stored seq from `from_seq` on, else the smallest one, or None."""
        ranges: list[dict[str, int]] = [{"$gte": from_seq}]
        if self._database.dialect.reads_whole_ranges:
            starts = range(from_seq, from_seq + LOOK_AHEAD, CLOSED_RANGE)
            ranges = [{"$gte": start, "$lt": start + CLOSED_RANGE} for start in starts]
        for seqs in [*ranges, {"$gt": 0}]:
            document = self._collection.find_one(
                {"room_identity": object_id(room_id), "seq": seqs}, {"seq": 1}, sort=[("seq", 1)]
            )
            if document:
                return int(document["seq"])
        return None

    def _filters_of(self, seqs: Collection[int]) -> Iterator[dict[str, Any]]:
        """Yield filters of `seq` that together match these seqs, and maybe others."""
        left = sorted(seqs)
        if left and not self._database.dialect.scans_for_lists:
            yield {"$in": left}
            return
        while left:
            near = [seq for seq in left if seq < left[0] + CLOSED_RANGE]
            yield {"$gte": near[0], "$lte": near[-1]}
            left = left[len(near) :]

    def _find_each_stored(self, messages: Sequence[Message]) -> Iterator[Message]:
        """Yield the stored ones of the messages: by id in one query, by key in one each."""
        found = self.list_by_ids(message.id for message in messages)
        yield from found
        ids = {message.id for message in found}
        for message in messages:
            if message.id not in ids:
                document = self._collection.find_one(
                    _sent_by(*_sender_of(message), message.client_id)
                )
                if document:
                    yield message_of(document)


def _all_stored(messages: Sequence[Message]) -> dict[str, Any]:
    """Match all stored ones of the messages, by id or by sender and client_id."""
    client_ids: dict[tuple[str, str], list[str]] = {}
    for message in messages:
        client_ids.setdefault(_sender_of(message), []).append(message.client_id)
    ids = [ObjectId(message.id) for message in messages]
    by_key = [_sent_by(*sender, {"$in": some}) for sender, some in client_ids.items()]
    return {"$or": [{"_id": {"$in": ids}}, *by_key]}


def _sent_by(room_id: str, user_id: str, client_id: Any) -> dict[str, Any]:
    return {
        "room_identity": ObjectId(room_id),
        "user_identity": ObjectId(user_id),
        "client_id": client_id,
    }


def _sender_of(message: Message) -> tuple[str, str]:
    return message.room_id, message.user_id


def _key_of(message: Message) -> tuple[str, str, str]:
    return message.room_id, message.user_id, message.client_id


def quote_of(message: Message) -> Quote:
    """Return what a reply to a message shows of it."""
    return Quote(
        seq=message.seq,
        version=message.version,
        user_id=message.user_id,
        data=message.data[:PREVIEW_LENGTH],
        deleted=message.deleted,
        username=message.username,
        nickname=message.nickname,
        message_id=message.id,
        files=message.files,
    )


def mentions_document(mentions: Mentions) -> dict[str, Any]:
    """Return the fields of mentions in a document; there are none where nobody is mentioned."""
    fields: dict[str, Any] = {}
    if mentions.user_ids:
        fields["mentions"] = [ObjectId(user_id) for user_id in mentions.user_ids]
    if mentions.all:
        fields["mentions_all"] = True
    return fields


def mentions_of(document: Mapping[str, Any]) -> Mentions:
    """Return the mentions in a document."""
    if "mentions" not in document and "mentions_all" not in document:
        return NO_MENTIONS
    user_ids = tuple(map(str, document.get("mentions", ())))
    return Mentions(user_ids, document.get("mentions_all", False))


def document_of(message: Message) -> dict[str, Any]:
    """Return the document of a new message."""
    document = {
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
    if message.reply_to is not None:
        document["reply_to"] = message.reply_to
        document["reply_to_identity"] = ObjectId(message.reply_to_id)
    if message.files:
        document["files"] = [_file_document(file) for file in message.files]
    return document | mentions_document(message.mentions)


def message_of(document: Mapping[str, Any]) -> Message:
    """Return the model of a stored message; an unchanged one lacks the fields of changes."""
    deleted_at = document.get("deleted_at")
    # A process of an older version leaves these in a message that it deletes.
    quoted = document.get("reply_to_identity") if deleted_at is None else None
    mentions = mentions_of(document) if deleted_at is None else NO_MENTIONS
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
        deleted_at=deleted_at,
        pinned=bool(document.get("pinned_at")),
        reactions=_reactions_of(document.get("reactions", {})),
        used_emoji=len(document.get("reactions", {})),
        mentions=mentions,
        reply_to=document["reply_to"] if quoted else None,
        reply_to_id=str(quoted) if quoted else None,
        files=tuple(map(_file_of, document.get("files", ()))) if deleted_at is None else (),
    )


def _file_document(file: File) -> dict[str, Any]:
    return {**asdict(file), "id": ObjectId(file.id)}


def _file_of(document: Mapping[str, Any]) -> File:
    return File(**{**document, "id": str(document["id"])})


def _reactions_of(marks: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> tuple[Reaction, ...]:
    """Return the reactions that are on, by rev; `marks` are all of them by emoji and user."""
    found = [
        Reaction(emoji, user_id, mark["rev"])
        for emoji, of_users in marks.items()
        for user_id, mark in of_users.items()
        if mark["on"]
    ]
    return tuple(sorted(found, key=lambda one: one.rev))
