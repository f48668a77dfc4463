"""A database as large as the limits allow: somebody in as many rooms, a group of as many members."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask import Flask

from chat.models import Message, User
from chat.repositories.documents import now_ms
from chat.repositories.messages import document_of
from chat.repositories.rooms import member_key
from chat.services.batches import batched
from chat.services.rooms import MOST_MEMBERS, MOST_ROOMS
from chat.wiring import Services
from tests.people import Person, make_people

DIRECT_ROOMS = 1_500  # of one person; no limit bounds them but the rate of making them
BATCH = 1_000


@dataclass(frozen=True)
class Large:
    """What was made: `busy` is in all rooms, `owner` owns the group and the groups of `busy`."""

    app: Flask
    owner: Person
    busy: Person
    group: dict[str, Any]
    members: list[User]

    @property
    def services(self) -> Services:
        found: Services = self.app.extensions["chat"]
        return found


def make_large(app: Flask) -> Large:
    """Fill a database: one message in each room, the last ones by many different people."""
    services: Services = app.extensions["chat"]
    owner, busy = make_people(app, "owner", "busy")
    names = [f"m{number}" for number in range(MOST_MEMBERS - 1)]
    members = list(services.users.create_many(names, "a password of all"))
    group = services.rooms.gather(owner.model, "Everybody", members[:-1])
    groups = [(group_document(owner, number), [owner, busy]) for number in range(MOST_ROOMS - 1)]
    talks = [
        ({"kind": "direct", "member_key": member_key(busy.id, other.id)}, [busy, other])
        for other in members[:DIRECT_ROOMS]
    ]
    insert_rooms(services, [*groups, *talks], members)
    return Large(app, owner, busy, owner.room(group.id), members)


def group_document(owner: Person, number: int) -> dict[str, Any]:
    return {
        "kind": "group",
        "number": str(number),  # shorter than any that is drawn
        "name": f"Group {number}",
        "info": "",
        "user_identity": ObjectId(owner.id),
    }


def insert_rooms(
    services: Services,
    rooms: Iterable[tuple[dict[str, Any], list[Any]]],
    speakers: list[User],
) -> None:
    """Store rooms of two with their memberships and one message each."""
    for some in batched(enumerate(rooms), BATCH):
        documents: dict[str, list[dict[str, Any]]] = {"room": [], "user_room": [], "message": []}
        for number, (room, two) in some:
            for kind, document in whole_room(room, two, speakers[number % len(speakers)]):
                documents[kind].append(document)
        for kind, found in documents.items():
            services.database.db[kind].insert_many(found, ordered=False)


def whole_room(
    room: dict[str, Any], two: list[Any], speaker: User
) -> Iterator[tuple[str, dict[str, Any]]]:
    now, id_ = now_ms(), ObjectId()
    said = Message(str(ObjectId()), str(id_), speaker.id, 1, "c1", "hello", now, now)
    times = {"created_at": now, "updated_at": now}
    yield "message", document_of(said)
    yield "room", {**room, "_id": id_, "last_seq": 1, "last_message": document_of(said), **times}
    for one in two:
        yield "user_room", {
            "room_identity": id_,
            "user_identity": ObjectId(one.id),
            "role": "member",
            "last_read_seq": 0,
            "muted": False,
            **times,
        }
