"""How processes find out that others write to the same rooms."""

from __future__ import annotations

from datetime import timedelta

from bson import ObjectId

from chat.database.client import Database
from chat.ids import new_id
from chat.log.contention import Contention
from chat.models import Room
from chat.repositories.rooms import RoomRepository


def test_the_winner_of_every_race_finds_the_mark_of_the_loser(
    database: Database, room: Room
) -> None:
    first, second = (Contention(RoomRepository(database)) for _ in range(2))
    first.refresh(database.now())
    assert not first.is_on
    second.record_loss(room)
    assert second.is_on and not first.is_on
    first.refresh(database.now())
    assert first.is_on


def test_a_mark_from_a_clock_that_was_ahead_is_ignored(database: Database, room: Room) -> None:
    rooms = RoomRepository(database)
    rooms.record_contention(room.id, new_id())
    mine = Contention(rooms)
    ahead = database.now() + timedelta(days=1)
    fields = {"touched_at": ahead, "contended_at": ahead}
    database.db["room"].update_one({"_id": ObjectId(room.id)}, {"$set": fields})
    mine.refresh(database.now())
    assert not mine.is_on
    rooms.record_contention(room.id, new_id())
    mine.refresh(database.now())
    assert mine.is_on
