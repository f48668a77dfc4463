"""Changing messages in a real database: revs without gaps, in spite of crashes and outages."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pymongo.errors import AutoReconnect

from chat.database.client import Database
from chat.errors import MessageDeleted, NotFound
from chat.ids import new_id
from chat.log import room_log as room_logs
from chat.models import Change, Message, Reaction, Room
from chat.repositories.appends import Appended
from chat.repositories.changes import ChangeRepository
from chat.repositories.messages import MessageRepository
from harness.servers import PATIENCE
from tests.log.desk import Desk, OpenDesk, change_of

HEART = "❤️"


class Failing(ChangeRepository):
    """Fails the first `appends` appends after storing, and the first `applies` before applying."""

    def __init__(self, database: Database, appends: int = 0, applies: int = 0) -> None:
        super().__init__(database)
        self.appends, self.applies = appends, applies

    def append(self, changes: Sequence[Change]) -> Appended:
        result = super().append(changes)
        if self.appends:
            self.appends -= 1
            raise AutoReconnect("gone")
        return result

    def apply(self, changes: Sequence[Change]) -> None:  # type: ignore[override]
        if self.applies:
            self.applies -= 1
            raise AutoReconnect("gone")
        super().apply(changes)


def say(desk: Desk, room: Room, user_id: str, data: str = "hello") -> Message:
    return desk.send(room, user_id, data).result(PATIENCE).message


def edit(desk: Desk, room: Room, message: Message, data: str) -> Message:
    change = change_of(message, message.user_id, "text", data)
    return desk.log.change(room, change).result(PATIENCE).message


def revs_of(desk: Desk, room: Room) -> list[int]:
    return [change.rev for change in desk.changes.list_range(room.id, 1, 10_000)]


def test_a_change_is_answered_with_the_changed_message(desk: Desk, room: Room, alice: str) -> None:
    message = say(desk, room, alice)
    edited = edit(desk, room, message, "other")
    assert (edited.id, edited.data, edited.version) == (message.id, "other", 1)
    assert desk.log.find_message(room.id, 1) == edited
    assert desk.log.last_rev(room) == 1 and revs_of(desk, room) == [1]


def test_many_changes_are_numbered_without_gaps_and_published_in_few_ranges(
    desk: Desk, room: Room, alice: str
) -> None:
    desk.log.track_room(room)
    message = say(desk, room, alice)
    people = [new_id() for _ in range(200)]
    futures = [
        desk.log.change(room, change_of(message, one, "reaction", True, HEART)) for one in people
    ]
    last = [future.result(PATIENCE).message for future in futures][-1]
    assert [one.user_id for one in last.reactions] == people and last.version == 200
    assert revs_of(desk, room) == list(range(1, 201))
    told = desk.change_listener.told
    assert len(told) < 20
    assert [one.after_rev for one in told] == [0, *(one.last_rev for one in told[:-1])]
    assert told[-1].last_rev == 200
    assert {user_id for one in told for user_id in one.reacted} == set(people)


def test_two_processes_share_one_log_of_changes(
    open_desk: OpenDesk, room: Room, alice: str
) -> None:
    here, there = open_desk(), open_desk()
    message = say(here, room, alice)
    people = [new_id() for _ in range(100)]
    futures = [
        (here, there)[place % 2].log.change(room, change_of(message, one, "reaction", True, HEART))
        for place, one in enumerate(people)
    ]
    for future in futures:
        future.result(PATIENCE)
    assert revs_of(here, room) == list(range(1, 101))
    found = here.log.find_message(room.id, 1)
    assert found is not None
    assert {one.user_id for one in found.reactions} == set(people) and found.version == 100


def test_a_change_that_its_process_never_applied_is_applied_by_the_next_reader(
    open_desk: OpenDesk, room: Room, alice: str
) -> None:
    here, there = open_desk(), open_desk()
    message = say(here, room, alice)
    here.changes.append([change_of(message, alice, "text", "left behind", rev=1)])
    assert there.log.last_rev(room) == 1
    found = there.log.find_message(room.id, 1)
    assert found is not None and found.data == "left behind"
    assert there.previews.flush()
    written = there.rooms.find(room.id)
    assert written is not None and written.last_rev == 1
    assert written.last_message is not None and written.last_message.data == "left behind"


def test_a_push_begins_where_the_last_one_ended_and_includes_foreign_changes(
    desk: Desk, room: Room, alice: str
) -> None:
    desk.log.track_room(room)
    first, second = say(desk, room, alice), say(desk, room, alice)
    desk.changes.append([change_of(second, alice, "text", "left behind", rev=1)])
    edit(desk, room, first, "other")
    (told,) = desk.change_listener.told
    assert (told.after_rev, told.last_rev) == (0, 2)
    assert [one.data for one in told.messages] == ["left behind", "other"]


def test_changes_of_another_process_are_published_once(
    open_desk: OpenDesk, room: Room, alice: str
) -> None:
    here, there = open_desk(), open_desk()
    message = say(here, room, alice)
    there.log.track_room(room)
    edit(here, room, message, "other")
    assert here.previews.flush()
    written = there.rooms.find(room.id)
    assert written is not None
    for _ in range(2):
        there.log.catch_up(written)
    (caught,) = there.change_listener.caught
    assert (caught.after_rev, caught.last_rev) == (0, 1)
    assert [one.data for one in caught.messages] == ["other"]


def test_changes_pushed_by_the_queue_are_not_published_again_unless_a_push_was_lost(
    open_desk: OpenDesk, room: Room, alice: str
) -> None:
    here, there = open_desk(), open_desk()
    message = say(here, room, alice)
    there.log.track_room(room)
    for data in ("second", "third", "fourth"):
        edit(here, room, message, data)
    assert here.previews.flush()
    written = there.rooms.find(room.id)
    assert written is not None
    there.log.record_changes_pushed_elsewhere(room.id, 0, 1)
    there.log.record_changes_pushed_elsewhere(room.id, 2, 3)  # the one before is lost
    there.log.catch_up(written)
    (caught,) = there.change_listener.caught
    assert (caught.after_rev, caught.last_rev) == (1, 3)


def test_after_a_lost_answer_the_stored_change_is_found_and_not_stored_twice(
    open_desk: OpenDesk,
    database: Database,
    room: Room,
    alice: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = open_desk(changes=Failing(database, appends=1))
    message = say(desk, room, alice)
    assert edit(desk, room, message, "other").version == 1
    assert revs_of(desk, room) == [1]
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


def test_a_change_is_applied_once_the_database_is_back(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    desk = open_desk(changes=Failing(database, applies=2))
    message = say(desk, room, alice)
    assert edit(desk, room, message, "other").data == "other"
    assert desk.log.last_rev(room) == 1


def test_a_change_after_a_deletion_fails(desk: Desk, room: Room, alice: str) -> None:
    message = say(desk, room, alice)
    deleted = desk.log.change(room, change_of(message, alice, "deleted"))
    late = desk.log.change(room, change_of(message, alice, "text", "too late"))
    again = desk.log.change(room, change_of(message, alice, "deleted"))
    assert deleted.result(PATIENCE).message.deleted
    with pytest.raises(MessageDeleted):
        late.result(PATIENCE)
    assert again.result(PATIENCE).message.version == 1


def test_a_change_of_a_missing_message_is_not_found(desk: Desk, room: Room, alice: str) -> None:
    message = say(desk, room, alice)
    desk.messages.delete_range(room.id, 1, 1)
    with pytest.raises(NotFound):
        edit(desk, room, message, "other")


def test_a_repeated_send_is_answered_with_the_tombstone(desk: Desk, room: Room, alice: str) -> None:
    message = desk.send(room, alice, "hello", "c1").result(PATIENCE).message
    desk.log.change(room, change_of(message, alice, "deleted")).result(PATIENCE)
    again = desk.send(room, alice, "hello", "c1").result(PATIENCE)
    assert again.message.deleted and again.message.data == "" and not again.created


@pytest.mark.parametrize("notices", ["reads", "catches up", "catches up and listens"])
def test_a_repeated_send_is_answered_with_the_changes_of_another_process(
    open_desk: OpenDesk, room: Room, alice: str, notices: str
) -> None:
    here, there = open_desk(), open_desk()
    if "listens" in notices:
        there.log.track_room(room)
    message = there.send(room, alice, "a secret", "c1").result(PATIENCE).message
    other = there.send(room, alice, "hello", "c2").result(PATIENCE).message
    here.log.change(room, change_of(message, alice, "deleted")).result(PATIENCE)
    assert here.previews.flush()
    if notices == "reads":
        there.log.last_rev(room)
    else:
        written = there.rooms.find(room.id)
        assert written is not None
        there.log.catch_up(written)
    again = there.send(room, alice, "a secret", "c1").result(PATIENCE)
    assert again.message.deleted and again.message.data == "" and not again.created
    same = there.send(room, alice, "hello", "c2").result(PATIENCE)
    assert same.message == other and not same.created


def test_a_process_that_lost_a_push_of_the_queue_reads_the_last_rev_at_once(
    open_desk: OpenDesk, room: Room, alice: str
) -> None:
    here, there = open_desk(), open_desk()
    message = say(here, room, alice)
    there.log.track_room(room)
    assert there.log.last_rev(room) == 0
    for data in ("second", "third"):
        edit(here, room, message, data)
    assert there.log.last_rev(room, PATIENCE) == 0, "it was read lately, and no push came since"
    there.log.record_changes_pushed_elsewhere(room.id, 1, 2)  # the one before is lost
    assert there.log.last_rev(room, PATIENCE) == 2


def test_changed_messages_are_read_in_pages_each_once(desk: Desk, room: Room, alice: str) -> None:
    said = [say(desk, room, alice, str(number)) for number in range(5)]
    for place in (0, 1, 0, 2, 3, 1, 4):
        edit(desk, room, said[place], f"{said[place].data}!")
    rev = desk.log.last_rev(room)
    assert rev == 7
    page = desk.log.changes(room, 0, 2, rev)
    assert [one.seq for one in page.messages] == [1, 2] and page.first_revs == (1, 2)
    assert (page.after_rev, page.last_rev, page.has_more) == (0, 3, True)
    rest = desk.log.changes(room, page.last_rev, 100, rev)
    assert [one.seq for one in rest.messages] == [3, 4, 2, 5] and not rest.has_more
    assert desk.log.changes(room, 7, 100, rev).messages == ()
    assert desk.log.changes(room, 8, 100, rev).reset


def test_a_client_that_missed_too_many_changes_loads_everything_anew(
    desk: Desk, room: Room
) -> None:
    most = room_logs.MAX_CHANGES_BEHIND
    assert desk.log.changes(room, 0, 100, most + 1).reset
    assert not desk.log.changes(room, 1, 100, most + 1).reset


def test_the_tail_shows_the_present_state_of_the_last_message(
    desk: Desk, room: Room, alice: str
) -> None:
    message = say(desk, room, alice)
    edit(desk, room, message, "other")
    known = desk.log.with_tail(room)
    assert known.last_message is not None
    assert (known.last_message.data, known.last_rev) == ("other", 1)
    old = replace(room, last_seq=1, last_message=message)
    assert desk.log.with_tail(old).last_message == known.last_message


def test_reactions_are_in_the_order_in_which_they_were_made(
    desk: Desk, room: Room, alice: str
) -> None:
    message, bob = say(desk, room, alice), new_id()
    for user_id, emoji, on in ((bob, "👍", True), (alice, HEART, True), (bob, "👍", False)):
        change = change_of(message, user_id, "reaction", on, emoji)
        found = desk.log.change(room, change).result(PATIENCE).message
    assert found.reactions == (Reaction(HEART, alice, 2),)


def test_unchanged_messages_have_no_fields_of_changes(desk: Desk, room: Room, alice: str) -> None:
    say(desk, room, alice)
    (found,) = MessageRepository(desk.database).list_range(room.id, 1, 1)
    assert (found.version, found.edited_at, found.deleted_at, found.reactions) == (
        0,
        None,
        None,
        (),
    )
