"""Appending to a real database: numbers without gaps, in spite of outages and races."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    NetworkTimeout,
    OperationFailure,
    WriteConcernError,
)

from chat.concurrency import Payer
from chat.database.client import Database
from chat.errors import ChatError, Internal, QuotaExceeded, Unavailable
from chat.ids import new_id
from chat.log import contention as contending
from chat.log import dedupe
from chat.log import group_commit as committing
from chat.log import writer as writing
from chat.log.futures import StoredFuture, wait_for
from chat.models import Message, Room
from chat.repositories.appends import Appended
from chat.repositories.messages import MessageRepository
from harness.servers import PATIENCE as WAIT
from tests.log.desk import Desk, Listener, OpenDesk, results


class Gate(MessageRepository):
    """Blocks appends until it is opened, and records the size of each batch."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.batches: list[int] = []
        self.reached = threading.Event()
        self.opened = threading.Event()

    def append(self, messages: Sequence[Message]) -> Appended:
        self.batches.append(len(messages))
        self.reached.set()
        assert self.opened.wait(WAIT)
        return super().append(messages)


class Outage(MessageRepository):
    """Fails the first appends, before or after storing, and calls `meanwhile` before it fails."""

    def __init__(
        self,
        database: Database,
        *failures: tuple[Exception, bool],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(database)
        self._failures = list(failures)
        self._meanwhile = meanwhile
        self.appends = 0

    def append(self, messages: Sequence[Message]) -> Appended:
        self.appends += 1
        if not self._failures:
            return super().append(messages)
        error, stored = self._failures.pop(0)
        if stored:
            super().append(messages)
        self._meanwhile()
        raise error


class Slow(MessageRepository):
    """Delays appends; records the start, end and size of each, and counts looked-up messages."""

    def __init__(self, database: Database, seconds: float = 0.0) -> None:
        super().__init__(database)
        self.seconds = seconds
        self.appends: list[tuple[float, float, int]] = []
        self.looked_for = 0

    def append(self, messages: Sequence[Message]) -> Appended:
        began = time.monotonic()
        time.sleep(self.seconds)
        result = super().append(messages)
        self.appends.append((began, time.monotonic(), len(messages)))
        return result

    def find_stored(self, messages: Sequence[Message]) -> dict[str, Message]:
        self.looked_for += len(messages)
        return super().find_stored(messages)


def log_of(database: Database, room: Room) -> list[Message]:
    """Return all stored messages of a room in the order of seq."""
    stored = MessageRepository(database).list_range(room.id, 1, 10_000)
    assert [message.seq for message in stored] == list(range(1, len(stored) + 1))
    return stored


def test_messages_are_stored_in_the_order_of_their_arrival(
    desk: Desk, room: Room, alice: str
) -> None:
    kept = results([desk.send(room, alice, str(number)) for number in range(300)])
    assert [one.message.seq for one in kept] == list(range(1, 301))
    assert all(one.created for one in kept)
    assert [message.data for message in log_of(desk.database, room)] == list(map(str, range(300)))
    assert [message.data for message in desk.told] == list(map(str, range(300)))


def test_each_room_is_numbered_by_itself(desk: Desk, room: Room, alice: str) -> None:
    other = desk.rooms.insert_group(alice, "Another", "")
    kept = results([desk.send(one, alice, "text") for one in (room, other, room, other, room)])
    assert [one.message.seq for one in kept] == [1, 1, 2, 2, 3]


def test_messages_that_arrive_during_an_insert_form_the_next_batch(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    gate = Gate(database)
    desk = open_desk(gate)
    futures = [desk.send(room, alice, "first")]
    assert gate.reached.wait(WAIT)
    waiting = committing.BATCH_ENTRIES + 2
    futures += [desk.send(room, alice, str(number)) for number in range(waiting)]
    gate.opened.set()
    results(futures)
    assert gate.batches == [1, committing.BATCH_ENTRIES, 2]
    assert len(log_of(database, room)) == waiting + 1


def test_equal_client_ids_of_one_batch_are_one_message(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    gate = Gate(database)
    desk = open_desk(gate)
    first = desk.send(room, alice, "first")
    assert gate.reached.wait(WAIT)
    twins = [desk.send(room, alice, "hello", "same") for _ in range(3)]
    others = [desk.send(room, new_id(), "hello", "same"), desk.send(room, alice, "last")]
    gate.opened.set()
    results([first])
    kept = results(twins)
    assert [one.created for one in kept] == [True, False, False]
    assert len({one.message.id for one in kept}) == 1
    assert [one.message.seq for one in results(others)] == [3, 4]
    assert [message.data for message in log_of(database, room)] == [
        "first",
        "hello",
        "hello",
        "last",
    ]
    assert len(desk.told) == 4


def test_a_repeated_client_id_is_answered_and_not_published_again(
    desk: Desk, room: Room, alice: str
) -> None:
    (first,) = results([desk.send(room, alice, "hello", "same")])
    futures = [desk.send(room, alice, "other words", "same"), desk.send(room, alice, "next")]
    again, after = results(futures)
    assert (first.created, again.created) == (True, False)
    assert again.message == first.message
    assert after.message.seq == 2
    assert [message.data for message in desk.told] == ["hello", "next"]


def test_repeats_of_recent_messages_do_not_query_the_database(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    asked = Slow(database)
    desk = open_desk(asked)
    first = results([desk.send(room, alice, "hello", f"c{number}") for number in range(50)])
    appends = len(asked.appends)
    again = results([desk.send(room, alice, "other", f"c{number}") for number in range(50)])
    assert [one.message for one in again] == [one.message for one in first]
    assert not any(one.created for one in again)
    assert len(asked.appends) == appends and asked.looked_for == 0


def test_a_repeat_of_a_message_dropped_from_the_cache_is_found_in_the_database(
    open_desk: OpenDesk,
    database: Database,
    room: Room,
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dedupe, "MAX_CHARACTERS", 12)  # room for two messages
    asked = Slow(database)
    desk = open_desk(asked)
    first = results([desk.send(room, alice, "hello", f"c{number}") for number in range(5)])
    again = results([desk.send(room, alice, "hello", f"c{number}") for number in range(5)])
    assert [one.message for one in again] == [one.message for one in first]
    assert asked.looked_for >= 3


def test_repeats_of_messages_stored_by_another_process_are_found_together(
    open_desk: OpenDesk, desk: Desk, database: Database, room: Room, alice: str
) -> None:
    stored = results([desk.send(room, alice, "hello", f"c{number}") for number in range(40)])
    asked = Slow(database, seconds=0.3)
    other = open_desk(asked)
    first = other.send(room, new_id(), "first")  # the others form the next batch
    again, new = [], []
    for number in range(40):
        again.append(other.send(room, alice, "other words", f"c{number}"))
        new.append(other.send(room, new_id(), str(number)))
    results([first])
    assert [one.message for one in results(again)] == [
        replace(one.message, username=f"name of {alice}") for one in stored
    ]
    assert [one.message.seq for one in results(new)] == list(range(42, 82))
    assert len(asked.appends) <= 10


def test_messages_stored_by_an_insert_without_an_answer_are_found_together(
    open_desk: OpenDesk,
    database: Database,
    room: Room,
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committing, "RETRY_SECONDS", (0.0,))
    all_sent = threading.Event()  # so that the number of batches is known
    failure = (NetworkTimeout("no answer"), True)
    outage = Outage(database, failure, meanwhile=lambda: all_sent.wait(WAIT))
    desk = open_desk(outage)
    futures = [desk.send(room, alice, str(number)) for number in range(100)]
    all_sent.set()
    kept = results(futures)
    assert [one.message.seq for one in kept] == list(range(1, 101))
    assert all(one.created for one in kept)
    assert outage.appends <= 3


def test_a_writer_pauses_between_batches_while_another_process_writes(
    open_desk: OpenDesk,
    desk: Desk,
    database: Database,
    room: Room,
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committing, "PAUSE_FACTORS", (1.0, 1.0))
    monkeypatch.setattr(contending, "LOSS_SECONDS", 60.0)
    slow = Slow(database, seconds=0.1)
    other = open_desk(slow)

    results([other.send(room, alice, "alone")])
    results([desk.send(room, alice, "elsewhere")])
    results([other.send(room, alice, "collides")])
    collided = len(slow.appends)
    assert collided == 3, "the first attempt met the message from elsewhere"
    results([other.send(room, alice, "next")])
    assert slow.appends[collided][0] - slow.appends[collided - 1][1] >= 0.1


def test_the_winner_of_every_race_pauses_once_another_process_has_lost(
    open_desk: OpenDesk,
    database: Database,
    room: Room,
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committing, "PAUSE_FACTORS", (1.0, 1.0))
    monkeypatch.setattr(contending, "FOREIGN_MARK_SECONDS", 60.0)
    slow = Slow(database, seconds=0.1)
    first, second = open_desk(slow), open_desk()
    results([second.send(room, alice, "alone")])
    results([first.send(room, alice, "elsewhere")])
    results([second.send(room, alice, "collides")])
    first.log.refresh_contention(database.now())
    so_far = len(slow.appends)
    for text in ("collides", "next"):
        results([first.send(room, alice, text)])
    began_again = [began for began, _, _ in slow.appends[so_far + 1 :]]
    ended = [ended for _, ended, _ in slow.appends[so_far:-1]]
    assert began_again[-1] - ended[-1] >= 0.1


def test_a_new_process_continues_at_the_end_of_the_log(
    open_desk: OpenDesk, desk: Desk, room: Room, alice: str
) -> None:
    results([desk.send(room, alice, str(number)) for number in range(250)])
    restarted = open_desk()
    (kept,) = results([restarted.send(room, alice, "after")])  # room.last_seq still says 0
    assert kept.message.seq == 251
    (again,) = results([restarted.send(room, alice, "0", kept.message.client_id)])
    assert (again.created, again.message.seq) == (False, 251)


def test_two_processes_store_without_gaps_and_duplicates(
    open_desk: OpenDesk, database: Database, room: Room
) -> None:
    desks = [open_desk() for _ in range(2)]
    people = [new_id(), new_id()]
    together = threading.Barrier(2)
    futures: dict[str, list[StoredFuture]] = {}

    def talk(desk: Desk, person: str) -> None:
        together.wait(WAIT)
        made = []
        for number in range(120):
            made.append(desk.send(room, person, str(number)))
            if number % 10 == 9:  # several batches, each against the other process
                made[-1].result(WAIT)
        futures[person] = made

    threads = [threading.Thread(target=talk, args=pair) for pair in zip(desks, people, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)

    stored = log_of(database, room)
    assert len(stored) == 240
    for desk, person in zip(desks, people, strict=True):
        kept = results(futures[person])
        own = [message for message in stored if message.user_id == person]
        assert [message.data for message in own] == [str(number) for number in range(120)]
        assert [one.message.id for one in kept] == [message.id for message in own]
        assert all(one.created for one in kept)
        assert [message.id for message in desk.told] == [message.id for message in own]


def test_the_same_message_sent_through_two_processes_is_stored_once(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    desks = [open_desk() for _ in range(2)]
    for number in range(10):
        kept = results([desk.send(room, alice, "hello", f"same {number}") for desk in desks])
        assert sorted(one.created for one in kept) == [False, True]
        assert len({one.message.id for one in kept}) == 1
    assert len(log_of(database, room)) == 10


@pytest.mark.parametrize("error", [NetworkTimeout("no answer"), AutoReconnect("gone")])
@pytest.mark.parametrize("stored", [True, False])
def test_an_outage_loses_and_duplicates_no_message(
    open_desk: OpenDesk,
    database: Database,
    room: Room,
    alice: str,
    error: Exception,
    stored: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(committing, "RETRY_SECONDS", (0.0,))
    desk = open_desk(Outage(database, (error, stored), (error, stored)))
    kept = results([desk.send(room, alice, str(number)) for number in range(5)])
    assert [(one.message.seq, one.created) for one in kept] == [
        (number, True) for number in range(1, 6)
    ]
    assert [message.data for message in log_of(database, room)] == list(map(str, range(5)))
    assert [message.data for message in desk.told] == list(map(str, range(5)))
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


def test_a_message_is_published_only_after_a_majority_has_it(
    open_desk: OpenDesk,
    database: Database,
    room: Room,
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committing, "RETRY_SECONDS", (0.0,))
    unconfirmed: dict[str, Any] = {"writeErrors": [], "writeConcernErrors": [{"code": 64}]}
    outage = Outage(database, (BulkWriteError(unconfirmed), True))
    desk = open_desk(outage)
    told_before: list[int] = []

    def confirm() -> None:
        told_before.append(len(desk.told))
        if len(told_before) < 3:
            raise WriteConcernError("no majority")

    monkeypatch.setattr(outage, "confirm", confirm)
    (kept,) = results([desk.send(room, alice, "here")])
    assert (kept.message.seq, kept.created) == (1, True)
    assert told_before == [0, 0, 0] and [message.data for message in desk.told] == ["here"]


@pytest.mark.parametrize("stored", [True, False])
def test_another_process_may_write_during_an_outage(
    open_desk: OpenDesk,
    database: Database,
    room: Room,
    alice: str,
    stored: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committing, "RETRY_SECONDS", (0.0,))
    other = open_desk()

    def write_elsewhere() -> None:
        results([other.send(room, alice, "elsewhere") for _ in range(2)])

    failure = (NetworkTimeout("no answer"), stored)
    desk = open_desk(Outage(database, failure, meanwhile=write_elsewhere))
    (kept,) = results([desk.send(room, alice, "here")])
    expected = ["here", "elsewhere", "elsewhere"] if stored else ["elsewhere", "elsewhere", "here"]
    assert [message.data for message in log_of(database, room)] == expected
    assert (kept.message.seq, kept.created) == (expected.index("here") + 1, True)
    assert [message.data for message in desk.told] == ["here"]


def test_a_document_that_the_database_refuses_does_not_affect_the_others(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    gate = Gate(database)
    desk = open_desk(gate)
    futures = [desk.send(room, alice, "first")]
    assert gate.reached.wait(WAIT)
    futures.append(desk.send(room, alice, "before"))
    refused = desk.send(room, alice, "no client_id", client_id="")
    futures.append(desk.send(room, alice, "after"))
    gate.opened.set()
    assert [one.message.seq for one in results(futures)] == [1, 2, 3]
    with pytest.raises(Internal):
        refused.result(WAIT)
    assert [message.data for message in log_of(database, room)] == ["first", "before", "after"]


def test_an_unexpected_error_fails_its_batch_and_not_the_writer(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    desk = open_desk(Outage(database, (RuntimeError("a bug"), False)))
    with pytest.raises(Internal):
        desk.send(room, alice, "unlucky").result(WAIT)
    (kept,) = results([desk.send(room, alice, "lucky")])
    assert kept.message.seq == 1


def test_the_future_is_done_after_the_followers_were_called(
    desk: Desk, room: Room, alice: str
) -> None:
    told_first: list[bool] = []
    begin = threading.Event()

    def look(stored: Message) -> None:
        assert begin.wait(WAIT)
        told_first.append(not future.done())
        assert desk.log.read(room.id, 1, 1) == [replace(stored, username="")]

    desk.follow(Listener(look))
    future = desk.send(room, alice, "hello")
    begin.set()
    assert future.result(WAIT).message.seq == 1
    assert told_first == [True]


@pytest.mark.parametrize("bound, value", [("QUEUE_ENTRIES", 3), ("QUEUE_BYTES", 30)], ids=str)
def test_a_full_queue_takes_no_more(
    open_desk: OpenDesk,
    database: Database,
    room: Room,
    alice: str,
    bound: str,
    value: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committing, bound, value)
    gate = Gate(database)
    desk = open_desk(gate)
    futures = [desk.send(room, alice, "x" * 10)]
    assert gate.reached.wait(WAIT)  # the first has left the queue
    futures += [desk.send(room, alice, "x" * 10) for _ in range(3)]
    with pytest.raises(Unavailable):
        desk.send(room, alice, "one too many")
    gate.opened.set()
    assert [one.message.seq for one in results(futures)] == [1, 2, 3, 4]
    assert results([desk.send(room, alice, "again")])[0].message.seq == 5


def test_the_queue_counts_bytes_and_not_characters(
    open_desk: OpenDesk,
    database: Database,
    room: Room,
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committing, "QUEUE_BYTES", 30)
    gate = Gate(database)
    desk = open_desk(gate)
    futures = [desk.send(room, alice, "first")]
    assert gate.reached.wait(WAIT)
    futures.append(desk.send(room, alice, "字" * 9))
    with pytest.raises(Unavailable):
        desk.send(room, alice, "字字")
    futures.append(desk.send(room, alice, "字"))
    gate.opened.set()
    assert [one.message.seq for one in results(futures)] == [1, 2, 3]


def test_a_wait_times_out_while_the_database_does_not_answer(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    gate = Gate(database)
    desk = open_desk(gate)
    future = desk.send(room, alice, "hello")
    with pytest.raises(Unavailable):
        wait_for(future, seconds=0.01)
    gate.opened.set()
    assert wait_for(future, WAIT).message.seq == 1  # it was in the queue all the time


def test_closing_stores_all_queued_messages_and_takes_no_more(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    gate = Gate(database)
    desk = open_desk(gate)
    futures = [desk.send(room, alice, str(number)) for number in range(3)]
    assert gate.reached.wait(WAIT)
    assert not desk.log.close(0.01)
    with pytest.raises(Unavailable):
        desk.send(room, alice, "too late")
    gate.opened.set()
    assert desk.log.close(WAIT)
    assert [one.message.seq for one in results(futures)] == [1, 2, 3]
    assert len(log_of(database, room)) == 3


def test_closing_while_the_database_is_away_says_that_the_outcome_is_unknown(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    def close() -> None:
        closing.log.close(0)

    closing = open_desk(Outage(database, (AutoReconnect("gone"), False), meanwhile=close))
    future = closing.send(room, alice, "hello")
    with pytest.raises(Unavailable):
        future.result(WAIT)
    assert closing.log.close(WAIT)


def test_closing_waits_for_a_database_that_comes_back(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    def close() -> None:
        threading.Thread(target=closing.log.close, args=(WAIT,)).start()

    closing = open_desk(Outage(database, (AutoReconnect("gone"), False), meanwhile=close))
    assert closing.send(room, alice, "hello").result(WAIT).message.seq == 1


class Broken(MessageRepository):
    """A database that fails at every batch with `poison` in it, and at all while it is `broken`."""

    broken = False

    def append(self, messages: Sequence[Message]) -> Appended:
        if self.broken or any(message.data == "poison" for message in messages):
            raise OperationFailure("internal server error", 1)
        return super().append(messages)

    def is_refused(self, error: Exception) -> bool:
        return not self.broken and super().is_refused(error)


def test_a_message_that_the_database_always_fails_at_does_not_block_the_others(
    database: Database,
    open_desk: OpenDesk,
    room: Room,
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committing, "RETRY_SECONDS", (0.0,))
    messages = Broken(database)
    messages.broken = True  # so that all of them are in one batch
    desk = open_desk(messages)
    sent = [desk.send(room, alice, text) for text in ("first", "poison", "second")]
    messages.broken = False
    with pytest.raises(Internal):
        wait_for(sent[1], WAIT)
    assert [wait_for(sent[at], WAIT).message.seq for at in (0, 2)] == [1, 2]
    assert wait_for(desk.send(room, alice, "third"), WAIT).message.seq == 3


def test_messages_wait_while_the_database_fails_at_everything(
    database: Database,
    open_desk: OpenDesk,
    room: Room,
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committing, "RETRY_SECONDS", (0.01,))
    messages = Broken(database)
    messages.broken = True
    desk = open_desk(messages)
    future = desk.send(room, alice, "kept")
    with pytest.raises(Unavailable):
        wait_for(future, 0.5)  # long enough for many more tries than FAILURES_BEFORE_SINGLES
    messages.broken = False
    assert wait_for(future, WAIT).message.data == "kept"


REFUSAL = QuotaExceeded(retry_after=60)


class Search(Gate):
    """A gate whose lookups wait until `found` is set, and then fail with `failure` if it is set."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.searched = threading.Event()
        self.found = threading.Event()
        self.failure: Exception | None = None

    def find_stored(self, messages: Sequence[Message]) -> dict[str, Message]:
        self.searched.set()
        assert self.found.wait(WAIT)
        if self.failure:
            raise self.failure
        return super().find_stored(messages)


def refuse_among_others(
    desk: Desk, gate: Gate, room: Room, *people: str
) -> tuple[list[StoredFuture], list[StoredFuture]]:
    """Send refused messages before accepted ones in one batch; return the futures of both."""
    first = desk.send(room, people[0], "first")
    assert gate.reached.wait(WAIT)
    refused = [desk.send(room, one, "too much", refusal=REFUSAL) for one in people]
    honest = [desk.send(room, one, "honest") for one in people]
    gate.opened.set()
    return [first, *honest], refused


def test_refused_messages_delay_no_others(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    search = Search(database)
    desk = open_desk(search)
    honest, refused = refuse_among_others(desk, search, room, alice, new_id())
    assert [one.message.seq for one in results(honest)] == [1, 2, 3]
    assert search.searched.wait(WAIT)
    assert results([desk.send(room, alice, "next")])[0].message.seq == 4
    assert not any(future.done() for future in refused)
    assert not desk.log.close(0.01)  # it waits for these lookups too
    search.found.set()
    assert desk.log.close(WAIT)
    for future in refused:
        with pytest.raises(QuotaExceeded):
            future.result(WAIT)
    assert [one.data for one in log_of(database, room)] == ["first", "honest", "honest", "next"]


def test_a_refused_repeat_is_answered_with_the_stored_message(
    desk: Desk, open_desk: OpenDesk, room: Room, alice: str
) -> None:
    (stored,) = results([desk.send(room, alice, "hello", "same")])
    other = open_desk()  # its cache does not contain the message
    (again,) = results([other.send(room, alice, "else", "same", refusal=REFUSAL)])
    assert (again.message, again.created) == (stored.message, False)
    with pytest.raises(QuotaExceeded):
        other.send(room, new_id(), "hello", "same", refusal=REFUSAL).result(WAIT)
    assert other.told == []


def test_of_two_sends_of_one_message_the_one_that_is_not_refused_is_stored(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    gate = Gate(database)
    desk = open_desk(gate)
    first = desk.send(room, alice, "first")
    assert gate.reached.wait(WAIT)
    long = desk.send(room, alice, "too much", "same", refusal=REFUSAL)
    short = desk.send(room, alice, "short", "same")
    gate.opened.set()
    assert {one.message.data for one in results([long, short])} == {"short"}
    results([first])
    assert [one.data for one in log_of(database, room)] == ["first", "short"]


@pytest.mark.parametrize(
    ("failure", "answer"), [(AutoReconnect("gone"), Unavailable), (RuntimeError("a bug"), Internal)]
)
def test_a_failed_lookup_does_not_answer_with_the_refusal(
    open_desk: OpenDesk,
    database: Database,
    room: Room,
    alice: str,
    failure: Exception,
    answer: type[ChatError],
) -> None:
    search = Search(database)
    search.failure = failure
    search.found.set()
    desk = open_desk(search)
    honest, refused = refuse_among_others(desk, search, room, alice)
    assert [one.message.seq for one in results(honest)] == [1, 2]
    with pytest.raises(answer):
        refused[0].result(WAIT)


def test_the_sender_of_a_refused_message_pays_for_the_lookup(
    open_desk: OpenDesk,
    database: Database,
    room: Room,
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payer, charged = Payer(), {}
    search = Search(database)
    search.found.set()

    def charge(to: Payer | None) -> None:
        charged[threading.get_ident()] = to

    def find(messages: Sequence[Message]) -> dict[str, Message]:
        assert charged.get(threading.get_ident()) is payer
        return {}

    monkeypatch.setattr(writing, "current_payer", lambda: payer)
    monkeypatch.setattr(writing, "charge_to", charge)
    monkeypatch.setattr(search, "find_stored", find)
    desk = open_desk(search)
    honest, refused = refuse_among_others(desk, search, room, alice)
    results(honest)
    with pytest.raises(QuotaExceeded):
        refused[0].result(WAIT)
