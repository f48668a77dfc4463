"""Followers: the order of their calls, and catching up after failures and foreign messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chat.database.client import Database
from chat.models import Message, Room
from chat.repositories.messages import MessageRepository
from harness.servers import PATIENCE
from tests.log.desk import Desk, Listener, OpenDesk


class Interrupted(MessageRepository):
    """Calls `meanwhile` once, after the next read of a log."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.meanwhile: Callable[[], object] | None = None
        self.reads = 0

    def list_range(self, room_id: str, first: int, last: int) -> list[Message]:
        self.reads += 1
        found = super().list_range(room_id, first, last)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return found


@pytest.fixture
def messages(database: Database) -> Interrupted:
    return Interrupted(database)


@pytest.fixture
def desk(open_desk: OpenDesk, messages: Interrupted) -> Desk:
    return open_desk(messages)


def catch_up(desk: Desk, room: Room, upto: int) -> None:
    """Catch up with a room whose document says that its log ends at `upto`."""
    desk.log.catch_up(replace(room, last_seq=upto))


def seqs(messages: list[Message]) -> list[int]:
    return [message.seq for message in messages]


def test_followers_are_called_in_their_order(desk: Desk, room: Room, alice: str) -> None:
    desk.log.track_room(room)
    called: list[tuple[str, int]] = []
    first = Listener(lambda message: called.append(("first", message.seq)))
    second = Listener(lambda message: called.append(("second", message.seq)))
    desk.follow(first, second)
    for future in [desk.send(room, alice, "hello") for _ in range(2)]:
        future.result(PATIENCE)
    desk.store(room, 3, 3)
    catch_up(desk, room, 3)
    assert called == [(name, seq) for seq in (1, 2, 3) for name in ("first", "second")]
    assert seqs(first.told) == seqs(second.told) == [1, 2]
    assert seqs(first.caught) == seqs(second.caught) == [3]


def fail(message: Message) -> None:
    raise RuntimeError("nobody listens")


def test_a_failing_follower_affects_neither_the_others_nor_the_sender(
    desk: Desk, room: Room, alice: str
) -> None:
    before, after = Listener(), Listener()
    desk.follow(before, Listener(fail), after)
    assert desk.send(room, alice, "hello").result(PATIENCE).created
    assert desk.send(room, alice, "next").result(PATIENCE).message.seq == 2
    assert seqs(before.told) == seqs(after.told) == [1, 2]
    assert desk.previews.flush()
    written = desk.rooms.find(room.id)
    assert written is not None and written.last_seq == 2, "so all processes find the room touched"


def test_catching_up_calls_all_followers_again_after_a_failure(
    desk: Desk, room: Room, alice: str
) -> None:
    desk.log.track_room(room)
    healthy, failing = Listener(), Listener(fail)
    desk.follow(failing, healthy)
    desk.send(room, alice, "hello").result(PATIENCE)
    assert desk.log.pushed_upto(room.id) == 0
    recovered = Listener()
    desk.follow(recovered, healthy)
    desk.send(room, alice, "next").result(PATIENCE)
    assert desk.log.pushed_upto(room.id) == 0, "the end waits at the gap"
    catch_up(desk, room, 2)
    assert seqs(recovered.caught) == seqs(healthy.caught) == [1]
    assert desk.log.pushed_upto(room.id) == 2
    catch_up(desk, room, 2)
    assert seqs(recovered.caught) == [1]


def test_catching_up_begins_where_a_follower_failed(desk: Desk, room: Room) -> None:
    desk.log.track_room(room)
    desk.store(room, 1, 4)

    def fail_at_the_third(message: Message) -> None:
        if message.seq == 3:
            fail(message)

    failing, healthy = Listener(fail_at_the_third), Listener()
    desk.follow(failing, healthy)
    catch_up(desk, room, 4)
    assert seqs(failing.caught) == [1, 2] and seqs(healthy.caught) == [1, 2, 3]
    assert desk.log.pushed_upto(room.id) == 2
    recovered = Listener()
    desk.follow(recovered)
    catch_up(desk, room, 4)
    assert seqs(recovered.caught) == [3, 4]


def test_a_long_backlog_is_published_once_and_in_order(desk: Desk, room: Room) -> None:
    desk.log.track_room(room)
    desk.store(room, 1, 250)
    for _ in range(2):
        catch_up(desk, room, 250)
    assert seqs(desk.listener.caught) == list(range(1, 251))
    assert desk.log.with_tail(room).last_seq == 250
    assert desk.told == []


def test_a_missing_message_does_not_stop_the_later_ones(desk: Desk, room: Room) -> None:
    desk.log.track_room(room)
    desk.store(room, 1, 250)
    desk.messages.delete_range(room.id, 5, 5)
    catch_up(desk, room, 250)
    assert seqs(desk.listener.caught) == [seq for seq in range(1, 251) if seq != 5]
    assert desk.log.pushed_upto(room.id) == 250


def test_messages_stored_here_are_not_published_again(desk: Desk, room: Room, alice: str) -> None:
    desk.log.track_room(room)
    desk.store(room, 1, 2)
    for future in [desk.send(room, alice, "hello") for _ in range(3)]:
        future.result(PATIENCE)
    assert seqs(desk.told) == [3, 4, 5]
    catch_up(desk, room, 5)
    assert seqs(desk.listener.caught) == [1, 2]
    assert desk.log.pushed_upto(room.id) == 5


def test_pushes_of_other_processes_in_order_advance_the_pushed_end(desk: Desk, room: Room) -> None:
    stored = desk.store(room, 1, 7)
    desk.log.track_room(replace(room, last_seq=4))
    for message in stored[4:]:
        desk.log.record_pushed_elsewhere(message)
    assert desk.log.pushed_upto(room.id) == 7
    catch_up(desk, room, 7)
    assert desk.listener.caught == []


def test_the_pushed_end_stays_before_a_gap_until_it_is_filled(desk: Desk, room: Room) -> None:
    stored = desk.store(room, 1, 5)
    desk.log.track_room(room)
    for seq in (2, 3, 5):
        desk.log.record_pushed_elsewhere(stored[seq - 1])
    assert desk.log.pushed_upto(room.id) == 0
    desk.log.record_pushed_elsewhere(stored[0])
    assert desk.log.pushed_upto(room.id) == 3
    catch_up(desk, room, 5)
    assert seqs(desk.listener.caught) == [4]
    assert desk.log.pushed_upto(room.id) == 5


def test_tracking_a_room_again_does_not_move_the_pushed_end(desk: Desk, room: Room) -> None:
    stored = desk.store(room, 1, 3)
    desk.log.track_room(replace(room, last_seq=2))
    desk.log.record_pushed_elsewhere(stored[2])
    desk.log.track_room(replace(room, last_seq=9))
    assert desk.log.pushed_upto(room.id) == 3


def test_an_untracked_room_is_not_read(desk: Desk, messages: Interrupted, room: Room) -> None:
    desk.log.record_pushed_elsewhere(desk.store(room, 1, 3)[0])
    catch_up(desk, room, 3)
    assert messages.reads == 0 and desk.listener.caught == []
    assert desk.log.pushed_upto(room.id) == 0 and desk.log.tracked_rooms() == {}


def test_a_room_tracked_again_begins_at_its_present_end(desk: Desk, room: Room) -> None:
    stored = desk.store(room, 1, 5)
    desk.log.track_room(room)
    desk.log.record_pushed_elsewhere(stored[0])
    desk.log.record_pushed_elsewhere(stored[3])
    desk.log.untrack_room(room.id)
    desk.log.record_pushed_elsewhere(stored[1])
    assert desk.log.pushed_upto(room.id) == 0
    desk.log.track_room(replace(room, last_seq=2))
    catch_up(desk, room, 5)
    assert seqs(desk.listener.caught) == [3, 4, 5]


def test_a_push_of_another_process_during_the_read_is_not_repeated(
    desk: Desk, messages: Interrupted, room: Room
) -> None:
    stored = desk.store(room, 1, 4)
    desk.log.track_room(room)
    messages.meanwhile = lambda: desk.log.record_pushed_elsewhere(stored[1])
    catch_up(desk, room, 4)
    assert seqs(desk.listener.caught) == [1, 3, 4]


def test_a_message_stored_here_during_the_read_is_not_repeated(
    desk: Desk, messages: Interrupted, room: Room, alice: str
) -> None:
    desk.store(room, 1, 2)
    desk.log.track_room(room)
    desk.log.last_seq(room)
    messages.meanwhile = lambda: desk.send(room, alice, "hello").result(PATIENCE)
    catch_up(desk, room, 3)
    assert (seqs(desk.listener.caught), seqs(desk.told)) == ([1, 2], [3])


def test_catching_up_ends_when_the_room_is_untracked(
    desk: Desk, messages: Interrupted, room: Room
) -> None:
    desk.store(room, 1, 250)
    desk.log.track_room(room)
    messages.meanwhile = lambda: desk.log.untrack_room(room.id)
    catch_up(desk, room, 250)
    assert messages.reads == 1
    assert desk.log.tracked_rooms() == {} and desk.log.pushed_upto(room.id) == 0


def test_a_room_tracked_again_during_the_read_receives_all_later_messages(
    desk: Desk, messages: Interrupted, room: Room
) -> None:
    desk.store(room, 1, 250)
    desk.log.track_room(room)

    def leave_and_come() -> None:
        desk.log.untrack_room(room.id)
        desk.log.track_room(replace(room, last_seq=60))

    messages.meanwhile = leave_and_come
    catch_up(desk, room, 250)
    assert seqs(desk.listener.caught) == list(range(61, 251))
    assert desk.log.pushed_upto(room.id) == 250
