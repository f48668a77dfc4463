"""Writing a plan. If a step is interrupted, the next plan resumes it.

Memberships, which make rooms visible, come last, so that users see no incomplete room.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pymongo
from pymongo import DeleteOne, ReplaceOne
from pymongo.database import Database as MongoDatabase

from chat import migrations
from chat.adoption import left_out
from chat.adoption.conversion import message_document
from chat.adoption.planning import Plan
from chat.adoption.source import Found, Show, Source
from chat.adoption.steps import BATCH, STEP_SECONDS
from chat.adoption.variants import Document, id_of
from chat.chunks import chunked
from chat.database.client import Database
from chat.repositories.documents import with_ids
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository


def write(source: Source, database: Database, plan: Plan, show: Show[Found]) -> None:
    """Run the migrations and write the plan to the database."""
    db = database.db
    # The unique index on numbers cannot be created over duplicates.
    _move_away(db, plan, rooms=True)
    for some in with_ids(database, plan.rooms.unnumbered):
        with pymongo.timeout(STEP_SECONDS):
            db["room"].update_many(some, {"$unset": {"number": ""}})
    migrations.upgrade(database)
    people, rooms, members = plan.people.new, plan.rooms.new, plan.members
    _store(db, "user", show(people, len(people), "users"))
    _store(db, "room", show(rooms, len(rooms), "rooms"))
    _store(db, "message", show(_messages(source, plan), len(plan.logs.seqs), "messages"))
    _write_ends(database, plan)
    _store(db, "user_room", show(members, len(members), "memberships"))
    _move_away(db, plan, rooms=False)


def _store(db: MongoDatabase[Document], kind: str, found: Iterable[Found]) -> None:
    for some in chunked(found, BATCH):
        new = [one.document for one in some if not one.replaces]
        old = [ReplaceOne({"_id": one.id}, one.document) for one in some if one.replaces]
        with pymongo.timeout(STEP_SECONDS):
            if new:
                db[kind].insert_many(new, ordered=False)
            if old:
                db[kind].bulk_write(old, ordered=False)


def _messages(source: Source, plan: Plan) -> Iterator[Found]:
    """Read the messages again and write them, in any order, because their seqs are planned."""
    rooms, users = plan.rooms.references, plan.people.references
    waiting = dict(plan.logs.seqs)
    for found in source.read("message") if waiting else ():
        seq = waiting.pop(id_of(found.id), None)
        room = rooms.find(found.document.get("room_identity"))
        if seq is None or room is None:
            continue
        sender = users.find(found.document.get("user_identity"))
        yield Found(message_document(found.document, room, sender, seq), found.replaces)


def _write_ends(database: Database, plan: Plan) -> None:
    """Write the ends of the logs to the rooms."""
    messages, rooms = MessageRepository(database), RoomRepository(database)
    for some in chunked(plan.ends.items(), BATCH):
        found = [messages.list_range(str(room), seq, seq) for room, seq in some]
        with pymongo.timeout(STEP_SECONDS):
            rooms.advance_heads(page[0] for page in found if page)


def _move_away(db: MongoDatabase[Document], plan: Plan, *, rooms: bool) -> None:
    """Move documents that cannot be adopted: rooms first, documents with references last."""
    moving = [one for one in plan.left_out.moving if (one["collection"] == "room") == rooms]
    for some in chunked(moving, BATCH):
        with pymongo.timeout(STEP_SECONDS):
            _keep_aside(db, some)


def _keep_aside(db: MongoDatabase[Document], some: list[Document]) -> None:
    copies = [ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in some]
    db[left_out.COLLECTION].bulk_write(copies, ordered=False)
    for kind in {one["collection"] for one in some}:
        moved = [one["document"] for one in some if one["collection"] == kind]
        db[kind].bulk_write([DeleteOne({"_id": one["_id"]}) for one in moved], ordered=False)
