"""A consumer gets every message and every change of every room, at least once and in order."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect

from chat.consumers import bootstrap, due, leases, unannounced, worker
from chat.consumers.consumer import Batch
from chat.database.client import Database
from chat.ids import new_id
from chat.models import Room
from chat.repositories.cursors import Cursor, Reader
from tests.consumers.conftest import Lapsing, OpenProcess
from tests.consumers.processes import Process, Recorder
from tests.log.desk import change_of, message_in, results

ANN = new_id()
MINUTE = 60_000  # milliseconds
HOUR = 60 * MINUTE


def say(process: Process, room: Room, *texts: str) -> list[str]:
    """Send messages and return their ids."""
    futures = [process.send(room, ANN, text) for text in texts]
    return [stored.message.id for stored in results(futures)]


def test_messages_of_all_rooms_arrive_in_the_order_of_their_room(
    process: Process, rooms: list[Room]
) -> None:
    process.runner.run_due()
    for room in rooms:
        say(process, room, "one", "two", "three")
    process.runner.run_due()
    assert process.recorder.new == {room.id: [1, 2, 3] for room in rooms}
    assert len(process.recorder.calls) == 1  # all rooms in one call


def test_what_was_said_before_its_first_start_arrives_as_well(process: Process, room: Room) -> None:
    process.store(room, 1, 250)
    say(process, room, "the last one")
    process.write_down()
    process.runner.run_due()
    assert process.recorder.new == {room.id: [*range(1, 252)]}


def test_one_that_begins_at_the_head_gets_only_what_follows(
    open_process: OpenProcess, rooms: list[Room], migrated: Database
) -> None:
    process = open_process(Recorder(begins_at_head=True))
    say(process, rooms[0], "old")
    process.write_down()
    process.runner.run_due()
    say(process, rooms[0], "new")
    say(process, rooms[1], "the first one")
    process.runner.run_due()
    assert process.recorder.new == {rooms[0].id: [2], rooms[1].id: [1]}


def test_a_changed_message_arrives_as_it_is_now(process: Process, room: Room) -> None:
    process.runner.run_due()
    first, _ = results([process.send(room, ANN, "one"), process.send(room, ANN, "two")])
    process.runner.run_due()
    changed = first.message
    for text in ("other", "third"):
        results([process.log.change(room, change_of(changed, ANN, "text", text))])
    process.runner.run_due()
    assert process.recorder.new == {room.id: [1, 2]}
    assert process.recorder.changed == {room.id: [(1, 2)]}


def test_what_others_store_arrives_once_their_room_is_touched(
    open_process: OpenProcess, room: Room
) -> None:
    here, there = open_process(), open_process()
    here.runner.run_due()
    ids = say(there, room, "one", "two")
    there.write_down()
    here.touch(room)
    here.runner.run_due()
    assert here.recorder.new == {room.id: [1, 2]} and len(ids) == 2


def test_a_message_that_another_process_changes_at_once_is_never_an_old_copy(
    open_process: OpenProcess, room: Room
) -> None:
    """The process that stored it still has it as it was."""
    here, there = open_process(), open_process()
    here.runner.run_due()
    (stored,) = results([here.send(room, ANN, "secret")])
    results([there.log.change(room, change_of(stored.message, ANN, "deleted"))])
    there.write_down()
    here.touch(room)
    seen: list[bool] = []
    here.recorder.during = lambda batch: seen.extend(
        message.deleted for message in [*batch.messages, *batch.changed]
    )
    here.runner.run_due()
    assert seen[-1]


def test_only_one_process_works_for_a_consumer(open_process: OpenProcess, room: Room) -> None:
    here, there = open_process(), open_process()
    here.runner.run_due()
    there.runner.run_due()
    say(here, room, "one")
    say(there, room, "two")
    for process in (there, here):
        process.write_down()
        process.touch(room)
        process.runner.run_due()
    assert here.recorder.new == {room.id: [1, 2]} and there.recorder.new == {}


def test_another_process_goes_on_when_one_stops(open_process: OpenProcess, room: Room) -> None:
    here, there = open_process(), open_process()
    here.runner.run_due()
    say(here, room, "one")
    here.runner.run_due()
    here.runner.stop(0.0)
    say(there, room, "two")
    there.write_down()
    there.runner.run_due()
    assert there.recorder.new == {room.id: [2]}


def test_another_process_goes_on_when_one_is_killed(
    open_process: OpenProcess, room: Room, migrated: Database
) -> None:
    """It waits for the lease, and gets again what was handled without moving the cursor."""
    here, there = open_process(), open_process()
    here.runner.run_due()
    say(here, room, "one")
    here.runner.run_due()

    class Kill(BaseException):
        """The end of a process."""

    def die(batch: Batch) -> None:
        raise Kill

    here.recorder.during = die
    say(here, room, "two")
    here.write_down()
    with pytest.raises(Kill):
        here.runner.run_due()
    there.runner.run_due()
    assert there.recorder.new == {}
    later = migrated.now_ms() + round(leases.LEASE * 1000) + 5_000
    there.now = lambda: later
    there.runner.run_due()
    assert there.recorder.new == {room.id: [2]}
    assert leases.LEASE <= 14.0  # and it looks once a second: so within 15 seconds


def test_a_holder_that_slept_moves_no_cursor(
    open_process: OpenProcess, room: Room, migrated: Database
) -> None:
    here, there = open_process(), open_process()
    here.runner.run_due()
    say(here, room, "one")
    here.write_down()
    later = migrated.now_ms() + round(leases.LEASE * 1000) + 5_000
    there.now = lambda: later

    def sleep(batch: Batch) -> None:
        there.runner.run_due()
        here.runner.refresh()

    here.recorder.during = sleep
    here.runner.run_due()
    assert here.recorder.new == there.recorder.new == {room.id: [1]}
    say(there, room, "two")
    there.runner.run_due()
    assert there.recorder.new == {room.id: [1, 2]}


def test_what_happens_while_a_lease_lapses_for_a_moment_is_not_forgotten(
    process: Process, rooms: list[Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch took longer than the lease was valid; the renewal came before the worker looked."""
    process.runner.run_due()

    def lapse(batch: Batch) -> None:
        process.recorder.during = lambda batch: None
        with monkeypatch.context() as patch:
            patch.setattr(leases, "LEASE", leases.MARGIN)
            process.runner.refresh()
            say(process, rooms[1], "one")
        process.runner.refresh()

    process.recorder.during = lapse
    say(process, rooms[0], "one")
    process.runner.run_due()
    assert process.recorder.new == {rooms[0].id: [1], rooms[1].id: [1]}


def test_a_batch_that_ends_without_a_lease_comes_again(
    process: Process, room: Room, lapsing: Lapsing
) -> None:
    process.runner.run_due()
    process.runner.stop(0.0)
    lapsing.leases.refresh(["recorder"])
    while lapsing.worker.work():
        pass
    say(process, room, "one", "two", "three")
    process.write_down()
    process.recorder.during = lambda batch: lapsing.lapse()
    lapsing.worker.offer(process.rooms.list_by_ids([room.id]))
    assert lapsing.worker.work()
    process.recorder.during = lambda batch: None
    lapsing.leases.refresh(["recorder"])  # before the worker looks again
    while lapsing.worker.work():
        pass
    assert process.recorder.new == {room.id: [1, 2, 3, 1, 2, 3]}
    assert process.cursors.find(Reader("recorder", 1), [room.id]) == {room.id: Cursor(3, 0)}


def test_a_holder_that_lost_its_lease_and_got_it_back_compares_all_rooms(
    open_process: OpenProcess, rooms: list[Room], migrated: Database
) -> None:
    here, there = open_process(), open_process()
    here.runner.run_due()

    def lose(batch: Batch) -> None:
        here.recorder.during = lambda batch: None
        later = migrated.now_ms() + round(leases.LEASE * 1000) + 5_000
        there.now = lambda: later
        there.runner.refresh()
        say(there, rooms[1], "one")
        there.write_down()
        there.runner.stop(0.0)
        here.runner.refresh()

    here.recorder.during = lose
    say(here, rooms[0], "one")
    here.runner.run_due()
    assert here.recorder.new[rooms[1].id] == [1]


def test_a_new_holder_handles_the_first_rooms_before_it_has_compared_all(
    process: Process, rooms: list[Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "CHUNK", 1)
    for room in rooms:
        say(process, room, "one")
    process.write_down()
    process.runner.run_due()
    assert process.recorder.new == {room.id: [1] for room in rooms}
    assert [len(batches) for batches in process.recorder.calls] == [1, 1, 1]


def test_new_messages_do_not_wake_a_consumer_that_reads_none(
    open_process: OpenProcess, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder()
    recorder.reads_messages = False
    process = open_process(recorder)
    process.runner.run_due()
    offered: list[str] = []
    monkeypatch.setattr(
        worker.Worker, "offer", lambda self, found: offered.extend(one.id for one in found)
    )
    (stored,) = results([process.send(room, ANN, "one")])
    assert offered == []
    results([process.log.change(room, change_of(stored.message, ANN, "text", "two"))])
    assert offered == [room.id]


def test_a_room_that_fails_holds_up_no_other_and_is_tried_again(
    process: Process,
    rooms: list[Room],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process.runner.run_due()

    def fail(batch: Batch) -> None:
        if batch.room.id == rooms[0].id:
            raise ValueError("secret text")

    process.recorder.during = fail
    for room in rooms:
        say(process, room, "one")
    process.runner.run_due()
    assert process.recorder.new == {room.id: [1] for room in rooms[1:]}
    failing = process.states.find_all(["recorder"])["recorder"].failing
    assert failing == f"ValueError in room {rooms[0].id}"
    say(process, rooms[0], "two")
    process.runner.run_due()
    assert len([one for one in caplog.records if one.levelno == logging.ERROR]) == 1

    process.recorder.during = lambda batch: None
    monkeypatch.setattr(due, "MAX_BACKOFF", 0.0)
    monkeypatch.setattr(due.DueRooms, "take", _without_waiting(due.DueRooms.take))
    process.runner.run_due()
    assert process.recorder.new[rooms[0].id] == [1, 2]
    assert process.states.find_all(["recorder"])["recorder"].failing == ""


def test_it_goes_on_after_an_outage(process: Process, room: Room) -> None:
    process.runner.run_due()
    say(process, room, "one")
    process.write_down()

    def fail(batch: Batch) -> None:
        raise AutoReconnect("away")

    process.recorder.during = fail
    with pytest.raises(AutoReconnect):
        process.runner.run_due()
    process.recorder.during = lambda batch: None
    process.runner.run_due()
    assert process.recorder.new == {room.id: [1]}


def test_a_message_whose_writer_died_before_it_told_anybody_is_found(
    process: Process, room: Room, migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if migrated.dialect.reads_whole_ranges:
        pytest.skip("this engine serves one process, and finds them at its next start")
    monkeypatch.setattr(unannounced, "YOUNG", -60_000)
    process.runner.run_due()
    process.store(room, 1, 2)
    now = process.now()
    process.now = lambda: now + unannounced.EVERY
    process.runner.run_due()
    process.write_down()
    process.touch(room)  # by the reconciler: the room says now where its log ends
    process.runner.run_due()
    assert process.recorder.new == {room.id: [1, 2]}


def test_nothing_of_the_hour_in_which_it_was_stopped_is_left_out(
    open_process: OpenProcess, rooms: list[Room], migrated: Database
) -> None:
    """Not what was told of, nor what was changed, nor what a writer that died told nobody of."""
    here, writer, later = open_process(), open_process(), open_process()
    now = migrated.now_ms()
    here.now = lambda: now - HOUR
    here.runner.run_due()
    (early,) = results([here.send(rooms[0], ANN, "before")])
    here.runner.run_due()
    here.runner.stop(0.0)
    say(writer, rooms[0], *(str(number) for number in range(150)))
    results([writer.log.change(rooms[0], change_of(early.message, ANN, "text", "other"))])
    writer.write_down()
    for place, minute in ((1, 58), (2, 1)):
        one = replace(message_in(rooms[place], ANN, seq=1), id=id_at(now - minute * MINUTE))
        writer.messages.append([one])  # and it dies
    later.now = lambda: now
    later.runner.run_due()
    later.touch(*rooms)  # by the reconciler
    later.runner.run_due()
    new, changed = later.recorder.new, later.recorder.changed
    assert new.pop(rooms[0].id) == [*range(2, 152)]
    assert new == {rooms[1].id: [1], rooms[2].id: [1]}
    assert changed[rooms[0].id] == [(1, 1)]


def id_at(milliseconds: int) -> str:
    """Return an id as one made at that time."""
    return f"{milliseconds // 1000:08x}{new_id()[8:]}"


def test_a_cursor_beyond_the_end_of_a_restored_log_begins_again(
    open_process: OpenProcess, room: Room, migrated: Database
) -> None:
    process = open_process()
    process.runner.run_due()
    say(process, room, "one", "two")
    process.write_down()  # or it might be written after the restore
    process.runner.run_due()
    migrated.db["message"].delete_many({"room_identity": ObjectId(room.id), "seq": 2})
    migrated.db["room"].update_many({}, {"$set": {"last_seq": 1}})
    process.log.forget_all()
    process.runner.start_over()
    restarted = open_process(process.recorder)
    restarted.now = lambda: migrated.now_ms() + round(leases.LEASE * 1000) + 5_000
    restarted.runner.run_due()
    assert process.recorder.new == {room.id: [1, 2, 1]}


def test_a_rebuild_clears_and_begins_at_the_start(process: Process, room: Room) -> None:
    process.runner.run_due()
    say(process, room, "one", "two")
    process.write_down()
    process.runner.run_due()
    process.states.request_rebuild("recorder")
    process.runner.run_due()
    assert process.recorder.cleared == 3
    assert process.recorder.new == {room.id: [1, 2, 1, 2]}
    assert len({one["_id"] for one in process.database.db["cursor"].find()}) == 1


def test_a_new_start_goes_on_at_the_cursors(open_process: OpenProcess, room: Room) -> None:
    recorder = Recorder()
    for text in ("one", "two", "three"):
        process = open_process(recorder)
        say(process, room, text)
        process.write_down()
        process.runner.run_due()
        process.runner.stop(0.0)
    assert recorder.new == {room.id: [1, 2, 3]}


def _without_waiting(take):  # type: ignore[no-untyped-def]
    def take_all(self: due.DueRooms, most: int) -> list[Room]:
        for one in self._failing.values():
            one.due_at = 0.0
        return take(self, most)

    return take_all
