"""The collection `file.files`: what is known of each file, in the format of GridFS.

The fields `length`, `chunkSize`, `uploadDate` and `filename` are those of GridFS, the others ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId

from chat.chunks import chunked
from chat.database.client import Database
from chat.models import Content, File, FilePurpose, StoredFile
from chat.repositories.documents import date_of, object_id, with_ids
from chat.repositories.file_chunks import CHUNK

# What a file counts at least, so that the files of a user are few enough to sum up.
LEAST_COUNTED = 64 << 10
# Milliseconds after which a file is removed that was still arriving when its removal was asked for.
# By then its upload has noticed and removed it itself, unless its process died.
GRACE_MS = 10 * 60 * 1000

Document = dict[str, Any]


class FileRepository:
    """Stores what is known of files. Times are in milliseconds by the database's clock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, stored: StoredFile, now: int) -> None:
        """Store a file that is arriving; `file.size` is what it counts meanwhile."""
        document: Document = {
            "_id": ObjectId(stored.id),
            "length": stored.file.size,
            "chunkSize": CHUNK,
            "uploadDate": date_of(now),
            "filename": stored.file.name,
            "type": stored.file.type,
            "counted": max(LEAST_COUNTED, stored.file.size),
            "user_identity": ObjectId(stored.user_id),
            "purpose": stored.purpose,
            "state": stored.state,
            "remove_at": stored.remove_at,
        }
        if stored.preview is not None:  # named before it is stored, so that it is removed too
            document["preview"] = {"id": ObjectId(stored.preview.id)}
        if stored.room_id:
            document["room_identity"] = ObjectId(stored.room_id)
        self._collection.insert_one(document)

    def count_bytes(self, user_id: str) -> int:
        """Return what the files of a user count together, those that are arriving too."""
        pipeline = [
            {"$match": {"user_identity": ObjectId(user_id)}},
            {"$group": {"_id": None, "bytes": {"$sum": "$counted"}}},
        ]
        return sum(int(found["bytes"]) for found in self._collection.aggregate(pipeline))

    def keep_arriving(self, file_id: str, remove_at: int) -> bool:
        """Give a file more time to arrive; return False when it is to be removed."""
        return self._update_arriving(file_id, {"$set": {"remove_at": remove_at}})

    def finish(self, file: File, preview: Content | None, remove_at: int, now: int) -> bool:
        """Store that a file has arrived whole; return False when it is to be removed.

        The preview is a file of GridFS by itself, without a user.
        """
        changes: Document = {
            "state": "ready",
            "remove_at": remove_at,
            "length": file.size,
            "counted": max(LEAST_COUNTED, file.size + (preview.size if preview else 0)),
            "type": file.type,
            "width": file.width,
            "height": file.height,
        }
        update: Document = {"$set": changes}
        if preview is None:
            update["$unset"] = {"preview": ""}
        else:
            self._collection.insert_one(_preview_document(preview, file, now))
            changes["preview"] = _content_document(preview)
        return self._update_arriving(file.id, update)

    def find(self, file_id: str) -> StoredFile | None:
        """Return a file that has arrived and is not being removed, or None."""
        found = object_id(file_id)
        if found is None:
            return None
        document = self._collection.find_one({"_id": found, "state": "ready"})
        return None if document is None or "purpose" not in document else _stored(document)

    def claim(self, file_id: str, client_id: str, claimed: str | None, remove_at: int) -> bool:
        """Let the message `client_id` have a file that `claimed` has now; return whether it does.

        `claimed` is None for a file that no message has.
        """
        query = {"_id": ObjectId(file_id), "state": "ready", "client_id": claimed}
        changes = {"client_id": client_id, "remove_at": remove_at}
        return bool(self._collection.update_one(query, {"$set": changes}).matched_count)

    def list_due(self, now: int, limit: int) -> list[StoredFile]:
        """Return files whose `remove_at` has passed, the earliest first."""
        query = {"remove_at": {"$gt": 0, "$lte": now}}
        found = self._collection.find(query).sort("remove_at", 1).limit(limit)
        return [_stored(document) for document in found]

    def keep(self, stored: StoredFile) -> None:
        """Let a due file be due no more, unless it has changed since it was read."""
        self._collection.update_one(_as_seen(stored), {"$unset": {"remove_at": None}})

    def begin_removal(self, stored: StoredFile, remove_at: int) -> bool:
        """Let nobody read or claim a due file any more, unless it has changed since it was read."""
        changes = {"state": "removing", "remove_at": remove_at}
        return bool(self._collection.update_one(_as_seen(stored), {"$set": changes}).matched_count)

    def release(self, file_id: str, remove_at: int) -> None:
        """Have a file looked at again at a time, because its use may end."""
        query = {"_id": object_id(file_id), "state": "ready"}
        self._collection.update_one(query, {"$set": {"remove_at": remove_at}})

    def mark(self, file_id: str, now: int) -> None:
        """Have a file removed."""
        self._mark({"_id": object_id(file_id)}, now)

    def mark_of_message(self, room_id: str, user_id: str, client_id: str, now: int) -> None:
        """Have the files of a message removed."""
        query = {"room_identity": object_id(room_id), "user_identity": object_id(user_id)}
        self._mark({**query, "client_id": client_id}, now)

    def mark_of_room(self, room_id: str, now: int) -> Iterator[int]:
        """Have the files of a room removed; yield the number of each piece."""
        return self._mark_in_pieces({"room_identity": object_id(room_id)}, now)

    def mark_of_user(self, user_id: str, now: int) -> Iterator[int]:
        """Have the files of a user removed, but not pictures of groups; yield as above."""
        for only in ({"purpose": "message"}, {"purpose": "avatar", "room_identity": None}):
            query = {"user_identity": object_id(user_id), **only}
            yield from self._mark_in_pieces(query, now)

    def delete(self, stored: StoredFile) -> None:
        """Delete what is known of a file and its preview, after its chunks."""
        if stored.preview is not None:
            self._collection.delete_one({"_id": ObjectId(stored.preview.id)})
        self._collection.delete_one({"_id": ObjectId(stored.id)})

    def _mark_in_pieces(self, query: Mapping[str, Any], now: int) -> Iterator[int]:
        ids = [document["_id"] for document in self._collection.find(query, {"_id": 1})]
        for piece in chunked(ids, self._database.dialect.delete_piece):
            for some in with_ids(self._database, piece):
                self._mark(some, now)
            yield len(piece)

    def _mark(self, query: Mapping[str, Any], now: int) -> None:
        for state, remove_at in (("ready", now), ("arriving", now + GRACE_MS)):
            changes = {"state": "removing", "remove_at": remove_at}
            self._collection.update_many({**query, "state": state}, {"$set": changes})

    def _update_arriving(self, file_id: str, update: Document) -> bool:
        query = {"_id": ObjectId(file_id), "state": "arriving"}
        return bool(self._collection.update_one(query, update).matched_count)

    @property
    def _collection(self) -> Any:
        return self._database.db["file.files"]


def _as_seen(stored: StoredFile) -> Document:
    """Match a file in the state in which it was read."""
    return {
        "_id": ObjectId(stored.id),
        "state": stored.state,
        "client_id": stored.client_id,
        "remove_at": stored.remove_at,
    }


def _content_document(content: Content) -> Document:
    return {"id": ObjectId(content.id), "type": content.type, "length": content.size}


def _preview_document(preview: Content, of: File, now: int) -> Document:
    return {
        "_id": ObjectId(preview.id),
        "length": preview.size,
        "chunkSize": CHUNK,
        "uploadDate": date_of(now),
        "filename": of.name,
        "type": preview.type,
        "preview_of": ObjectId(of.id),
    }


def _stored(document: Mapping[str, Any]) -> StoredFile:
    preview = document.get("preview")
    room = document.get("room_identity")
    purpose: FilePurpose = document["purpose"]
    return StoredFile(
        file=File(
            id=str(document["_id"]),
            name=document["filename"],
            type=document["type"],
            size=document["length"],
            width=document.get("width"),
            height=document.get("height"),
        ),
        user_id=str(document["user_identity"]),
        room_id="" if room is None else str(room),
        purpose=purpose,
        state=document["state"],
        client_id=document.get("client_id"),
        remove_at=document.get("remove_at"),
        preview=None if preview is None else _preview_of(preview),
    )


def _preview_of(document: Mapping[str, Any]) -> Content:
    """Return the preview of a file; while the file arrives, only its id is known."""
    return Content(str(document["id"]), document.get("type", ""), document.get("length", 0))
