"""The room log in the database: closed ranges, its tail, and the results of an append."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chat.database.client import Database
from chat.database.dialects import Dialect
from chat.ids import new_id
from chat.models import Message
from chat.repositories.appends import Appended
from chat.repositories.messages import CLOSED_RANGE, LOOK_AHEAD, MessageRepository

ROOM, ALICE = new_id(), new_id()


@pytest.fixture
def log(migrated: Database, each_dialect: Dialect) -> MessageRepository:
    return MessageRepository(migrated)


def draft(seq: int, **changes: object) -> Message:
    message = Message(
        id=new_id(),
        room_id=ROOM,
        user_id=ALICE,
        seq=seq,
        client_id=f"c{seq}",
        data=f"text {seq}",
        created_at=1,
        updated_at=2,
    )
    return replace(message, **changes)  # type: ignore[arg-type]


def drafts(first: int, last: int) -> list[Message]:
    return [draft(seq) for seq in range(first, last + 1)]


def seqs_of(found: list[Message]) -> list[int]:
    return [message.seq for message in found]


def test_what_was_appended_is_read_back_as_it_was(log: MessageRepository) -> None:
    messages = [draft(1, data="a\r\nb 😀"), draft(2, kind="note")]
    assert log.append(messages) == Appended(2)
    assert log.list_range(ROOM, 1, 2) == messages


@pytest.mark.parametrize(
    "first, last, expected",
    [
        (1, 5, [1, 2, 3, 4, 5]),
        (2, 4, [2, 3, 4]),
        (3, 3, [3]),
        (4, 99, [4, 5]),
        (-5, 1, [1]),
        (6, 9, []),
        (4, 3, []),
    ],
)
def test_a_range_holds_both_its_ends(
    log: MessageRepository, first: int, last: int, expected: list[int]
) -> None:
    log.append(drafts(1, 5))
    log.append([draft(3, room_id=new_id())])
    assert seqs_of(log.list_range(ROOM, first, last)) == expected


@pytest.mark.parametrize("room_id", ["", "x", "$gt", "0" * 24])
def test_a_room_that_is_none_has_no_messages(log: MessageRepository, room_id: str) -> None:
    assert log.list_range(room_id, 1, 10) == []
    assert log.find_head(room_id, 0) is None


@pytest.mark.parametrize("length", [1, CLOSED_RANGE, CLOSED_RANGE + 1, 2 * CLOSED_RANGE + 50])
def test_the_head_is_found_from_anywhere_before_it(log: MessageRepository, length: int) -> None:
    log.append(drafts(1, length))
    for start in {0, length // 2, length - 1}:
        head = log.find_head(ROOM, start)
        assert head is not None and head.seq == length
    assert log.find_head(ROOM, length) is None


def test_an_append_stops_at_a_seq_that_is_taken(log: MessageRepository) -> None:
    log.append(drafts(1, 2))
    others = [draft(3), draft(2, client_id="new"), draft(4)]
    assert log.append(others) == Appended(1, "taken", at=1)
    assert seqs_of(log.list_range(ROOM, 1, 9)) == [1, 2, 3]
    assert log.find_stored([others[1]]) == {}


def test_an_append_stops_at_a_client_id_that_is_stored(log: MessageRepository) -> None:
    (first,) = drafts(1, 1)
    log.append([first])
    again = draft(3, client_id=first.client_id, data="other words")
    assert log.append([draft(2), again, draft(4)]) == Appended(1, "repeated", at=1)
    assert log.find_stored([again]) == {again.id: first}
    assert seqs_of(log.list_range(ROOM, 1, 9)) == [1, 2]


def test_an_append_stops_at_a_message_that_is_stored(log: MessageRepository) -> None:
    (first,) = drafts(1, 1)
    log.append([first])
    moved = replace(first, seq=2, client_id="new")
    assert log.append([moved]) == Appended(0, "repeated", at=0)
    assert log.find_stored([moved]) == {moved.id: first}


def test_a_message_that_collides_in_all_its_keys_is_found_all_the_same(
    log: MessageRepository,
) -> None:
    (first,) = drafts(1, 1)
    log.append([first])
    result = log.append([first])
    assert result.stored == 0 and result.obstacle in ("taken", "repeated")
    assert log.find_stored([first]) == {first.id: first}


def test_a_refused_entry_is_reported_and_nothing_after_it_is_stored(
    log: MessageRepository,
) -> None:
    result = log.append([draft(1), draft(2, client_id=""), draft(3)])
    assert (result.obstacle, result.at) == ("refused", 1)
    assert seqs_of(log.list_range(ROOM, 1, 9)) == list(range(1, result.stored + 1))


def test_the_same_client_id_is_another_message_of_another_person_or_room(
    log: MessageRepository,
) -> None:
    elsewhere = draft(1, client_id="same", room_id=new_id())
    same = [draft(1, client_id="same"), draft(2, client_id="same", user_id=new_id()), elsewhere]
    assert log.append(same) == Appended(3)
    other = draft(9, client_id="same")
    assert log.find_stored([other]) == {other.id: same[0]}


def test_many_are_looked_for_at_once_and_only_those_stored_are_found(
    log: MessageRepository,
) -> None:
    stored = drafts(1, 3)
    log.append(stored)
    again = draft(9, client_id=stored[1].client_id)
    found = log.find_stored([stored[0], again, draft(9, client_id="new")])
    assert found == {stored[0].id: stored[0], again.id: stored[1]}


def test_ids_are_found_by_their_places(log: MessageRepository) -> None:
    stored = drafts(1, 3 * CLOSED_RANGE)
    log.append(stored)
    places = [1, 7, CLOSED_RANGE, 2 * CLOSED_RANGE + 1, 3 * CLOSED_RANGE, 3 * CLOSED_RANGE + 1]
    assert log.ids_at(ROOM, places) == {seq: stored[seq - 1].id for seq in places[:-1]}
    assert log.ids_at(new_id(), places) == {} and log.ids_at(ROOM, []) == {}


def test_a_rooms_log_is_removed_and_no_others(log: MessageRepository) -> None:
    other = new_id()
    log.append([*drafts(1, 2), draft(1, room_id=other)])
    assert log.find_first_seq(ROOM, 1) == 1
    assert log.delete_range(ROOM, 1, 1) == 1
    assert log.find_first_seq(ROOM, 1) == 2
    assert log.delete_range(ROOM, 1, 10) == 1
    assert log.find_first_seq(ROOM, 1) is None
    assert log.find_head(ROOM, 0) is None
    assert seqs_of(log.list_range(other, 1, 9)) == [1]


def test_a_log_goes_on_behind_a_gap_or_before_it(log: MessageRepository) -> None:
    log.append([draft(2), draft(3 * CLOSED_RANGE), draft(LOOK_AHEAD + 2)])
    assert log.find_first_seq(ROOM, 3) == 3 * CLOSED_RANGE
    assert log.find_first_seq(ROOM, 3 * CLOSED_RANGE + 1) == LOOK_AHEAD + 2
    assert log.find_first_seq(ROOM, LOOK_AHEAD + 3) == 2
