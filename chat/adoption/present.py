"""Reading the documents that the chat's own database already has in the present format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId
from pymongo.database import Database as MongoDatabase

from chat.adoption.steps import scan
from chat.adoption.variants import Document

# Fields that only documents in the present format have.
MARKS = {"user": "nickname_key", "room": "kind", "user_room": "role", "message": "seq"}


@dataclass
class Present:
    """Documents in the present format by id, reduced to the fields that a plan needs."""

    users: dict[ObjectId, Document] = field(default_factory=dict)
    rooms: dict[ObjectId, Document] = field(default_factory=dict)
    members: set[tuple[ObjectId, ObjectId]] = field(default_factory=set)  # (room, user)
    messages: dict[ObjectId, tuple[ObjectId, int]] = field(default_factory=dict)  # room, seq
    strange: set[Any] = field(default_factory=set)  # users in another format


def is_present(kind: str, document: Mapping[str, Any]) -> bool:
    """Return whether a document has the present format."""
    return MARKS[kind] in document or kind == "user" and _is_erased(document)


def _is_erased(user: Mapping[str, Any]) -> bool:
    """Return whether this is the rest of an account that was deleted here."""
    return bool(user.get("deleted_at")) and not ("username" in user or "account" in user)


def read_present(db: MongoDatabase[Document]) -> Present:
    """Read the documents in the present format."""
    present = Present()
    for user in scan(db["user"]):
        if is_present("user", user):
            present.users[user["_id"]] = user
        else:
            present.strange.add(user["_id"])
    for room in scan(db["room"]):
        if is_present("room", room):
            present.rooms[room["_id"]] = room
    for member in scan(db["user_room"], "room_identity", "user_identity", "role"):
        if is_present("user_room", member):
            present.members.add((member["room_identity"], member["user_identity"]))
    for message in scan(db["message"], "room_identity", "seq"):
        if is_present("message", message):
            present.messages[message["_id"]] = message["room_identity"], message["seq"]
    return present
