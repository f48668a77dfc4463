"""Read marks: many are written together, each with the id of its message."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from chat.database.client import Database
from chat.ids import new_id
from chat.models import Membership, Message
from chat.repositories.documents import object_id
from chat.repositories.memberships import MembershipRepository
from chat.repositories.messages import MessageRepository
from chat.services.read_marks import ReadMarks


class Counted(MessageRepository):
    """Notes for how many places at a time it was asked."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.asked: list[int] = []

    def ids_at(self, room_id: str, seqs: Collection[int]) -> dict[int, str]:
        self.asked.append(len(seqs))
        return super().ids_at(room_id, seqs)


@pytest.fixture
def messages(migrated: Database) -> Counted:
    return Counted(migrated)


def test_marks_of_one_room_are_written_with_one_look_at_its_log(
    migrated: Database, messages: Counted
) -> None:
    memberships = MembershipRepository(migrated)
    marks = ReadMarks(memberships, messages)
    room_id, readers = new_id(), [new_id() for _ in range(20)]
    log = [
        Message(new_id(), room_id, readers[0], seq, f"c{seq}", "hello", 1, 1)
        for seq in range(1, 21)
    ]
    messages.append(log)
    memberships.insert_many([Membership(room_id, user_id, "member", 0, 1) for user_id in readers])
    for message, user_id in zip(log, readers, strict=True):
        marks.advance(room_id, user_id, message.seq)
    marks.advance(room_id, readers[0], 20, log[19].id)
    assert marks.flush()
    assert messages.asked == [19], "the one who wrote knows the message"
    for message, user_id in list(zip(log, readers, strict=True))[1:]:
        document = migrated.db["user_room"].find_one({"user_identity": object_id(user_id)})
        assert document is not None
        assert document["last_read_seq"] == message.seq
        assert str(document["message_identity"]) == message.id


def test_a_mark_never_goes_back(migrated: Database, messages: Counted) -> None:
    memberships = MembershipRepository(migrated)
    room_id, user_id = new_id(), new_id()
    memberships.insert(Membership(room_id, user_id, "member", 0, 1))
    marks = ReadMarks(memberships, messages)
    marks.advance(room_id, user_id, 5)
    marks.advance(room_id, user_id, 3)
    assert marks.flush()
    restarted = ReadMarks(memberships, messages)
    restarted.advance(room_id, user_id, 4)
    assert restarted.flush()
    found = memberships.find(room_id, user_id)
    assert found is not None and found.last_read_seq == 5
