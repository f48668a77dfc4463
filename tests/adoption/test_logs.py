"""Messages: their order, their numbers, and those that do not fit."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId

from chat.adoption import writing
from tests.adoption.conftest import Adoption
from tests.adoption.old_server import START, OldServer
from tests.adoption.test_rooms import Document, note, room_of


@pytest.fixture
def people(old: OldServer) -> list[Document]:
    """Alice and Bob."""
    return [old.add_user("alice"), old.add_user("bob")]


def log_of(adoption: Adoption, room: Document) -> list[tuple[int, Any]]:
    """Return (seq, data) of a room's messages in the order of seq."""
    found = adoption.database.db["message"].find({"room_identity": room["_id"]})
    return sorted((message["seq"], message["data"]) for message in found)


@pytest.mark.parametrize("batch", [2, 2_000])
def test_messages_are_numbered_by_time_then_id_in_each_room(
    adoption: Adoption,
    old: OldServer,
    people: list[Document],
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
) -> None:
    monkeypatch.setattr(writing, "BATCH", batch)
    rooms = [old.add_group(*people), old.add_friends(*people)]
    ids = sorted(ObjectId() for _ in range(4))
    for room in rooms:
        old.say(room, people[0], "third", created_at=START + 9)
    for id_, data in reversed(list(zip(ids[:3], ("first", "second", "again"), strict=True))):
        at = START + 2 if data == "again" else START + 1
        old.say(rooms[0], people[1], data, _id=id_, created_at=at)
    adoption.run()
    assert log_of(adoption, rooms[0]) == [(1, "first"), (2, "second"), (3, "again"), (4, "third")]
    assert log_of(adoption, rooms[1]) == [(1, "third")]
    head = room_of(adoption.database, rooms[0])
    assert (head["last_seq"], head["last_message"]["data"]) == (4, "third")
    assert head["touched_at"] is not None


def test_a_message_of_somebody_unknown_stays_in_its_place_and_is_listed(
    adoption: Adoption, old: OldServer, people: list[Document]
) -> None:
    gone = old.add_user("gone")
    room = old.add_group(*people)
    for number, user in enumerate([people[0], gone, people[1]]):
        old.say(room, user, str(number))
    old.db["user"].delete_one({"_id": gone["_id"]})
    lines = adoption.run()
    note(lines, "messages whose sender does not exist: kept, without a name: 1")
    assert log_of(adoption, room) == [(1, "0"), (2, "1"), (3, "2")]
    senders = adoption.database.db["message"].distinct("user_identity")
    assert len(senders) == 3 and all(isinstance(sender, ObjectId) for sender in senders)


def test_a_text_too_long_for_today_is_cut_and_kept_whole_beside(
    adoption: Adoption, old: OldServer, people: list[Document]
) -> None:
    room = old.add_group(*people)
    old.say(room, people[0], "长" * 300_000)
    old.say(room, people[0], "short")
    lines = adoption.run()
    note(lines, "messages longer than 4000 characters: cut")
    assert log_of(adoption, room) == [(1, "长" * 4_000), (2, "short")]
    kept = [one.get("data_whole") for one in adoption.database.db["message"].find()]
    assert sorted(kept, key=bool) == [None, "长" * 300_000]


def test_a_message_without_a_time_has_that_of_its_id(
    adoption: Adoption, old: OldServer, people: list[Document]
) -> None:
    room = old.add_group(*people)
    old.say(room, people[0], "late", created_at=START + 100)
    early = old.say(room, people[0], "early", _id=ObjectId("5f5e10000000000000000000"))
    old.db["message"].update_one({"_id": early["_id"]}, {"$unset": {"created_at": ""}})
    lines = adoption.run()
    note(lines, "messages without a time: theirs is that of their _id: 1")
    assert log_of(adoption, room) == [(1, "early"), (2, "late")]
    stored = adoption.database.db["message"].find_one({"_id": early["_id"]})
    assert stored is not None and stored["created_at"] == 1_600_000_000_000


def test_a_read_mark_is_the_seq_of_its_message_and_all_is_read_without_a_good_one(
    adoption: Adoption, old: OldServer, people: list[Document]
) -> None:
    room, other = old.add_group(*people), old.add_friends(*people)
    said = [old.say(room, people[0], str(n)) for n in range(4)]
    elsewhere = old.say(other, people[0], "elsewhere")
    marks = {
        "known": said[1]["_id"],
        "as text": str(said[2]["_id"]),
        "of another room": elsewhere["_id"],
        "of nothing": "no such message",
        "empty": "",
    }
    users = {name: old.add_user(name) for name in marks}
    for name, mark in marks.items():
        old.add_member(room, users[name], message_identity=mark)
    lines = adoption.run()
    found = {
        member["user_identity"]: member["last_read_seq"]
        for member in adoption.database.db["user_room"].find({"room_identity": room["_id"]})
    }
    read = {name: found[user["_id"]] for name, user in users.items()}
    assert read == {"known": 2, "as text": 3, "of another room": 4, "of nothing": 4, "empty": 4}
    note(lines, "read marks at messages that do not exist: all is read: 2")
    assert found[people[1]["_id"]] == 4
