"""Many rooms at once, as one makes them in years."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from bson import ObjectId
from flask import Flask

from chat.chunks import chunked
from chat.clock import now_ms
from chat.models import Message
from chat.repositories.messages import document_of

CHUNK = 200

Document = dict[str, Any]
Shape = tuple[Document, list[str], str]  # a room, the ids of its two, who of all speaks in it


def group_document(owner_id: str, number: int) -> Document:
    """Return a group without a log, under a number that no other has."""
    return {
        "kind": "group",
        "number": str(number),  # shorter than any that is drawn
        "name": f"Group {number}",
        "info": "",
        "user_identity": ObjectId(owner_id),
    }


def insert_rooms(app: Flask, rooms: Iterable[Shape]) -> None:
    """Store rooms of two, with their memberships and one message each."""
    for some in chunked(rooms, CHUNK):
        documents: dict[str, list[Document]] = {"room": [], "user_room": [], "message": []}
        for kind, document in itertools.chain.from_iterable(itertools.starmap(documents_of, some)):
            documents[kind].append(document)
        for kind, found in documents.items():
            app.extensions["chat"].database.db[kind].insert_many(found, ordered=False)


def documents_of(room: Document, two: list[str], speaker: str) -> Iterator[tuple[str, Document]]:
    now, id_ = now_ms(), ObjectId()
    said = document_of(Message(str(ObjectId()), str(id_), speaker, 1, "c1", "hello", now, now))
    times = {"created_at": now, "updated_at": now}
    yield "message", said
    yield "room", {**room, "_id": id_, "last_seq": 1, "last_message": said, **times}
    for user_id in two:
        yield "user_room", {
            "room_identity": id_,
            "user_identity": ObjectId(user_id),
            "role": "member",
            "last_read_seq": 0,
            "notify": "all",
            **times,
        }
