"""Whatever happens to messages over two processes, all who follow end up with the same ones."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.database.client import Database
from chat.errors import MessageDeleted
from chat.ids import new_id
from chat.log.futures import StoredFuture
from chat.models import Change, Changes, Message, Room
from chat.repositories.changes import ChangeRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from harness.servers import PATIENCE
from tests.log.desk import Desk, change_of
from tests.log.playing import play, registers

QUICK = settings(
    max_examples=15,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
LONG = settings(QUICK, max_examples=300, derandomize=False)

PEOPLE = [new_id() for _ in range(3)]
EMOJI = ["❤️", "👍"]
Step = tuple[Any, ...]

places = st.integers(0, 5)  # of a message, among those that are there
people = st.sampled_from(PEOPLE)
processes = st.integers(0, 1)
steps = st.one_of(
    st.tuples(st.just("send"), processes, people),
    st.tuples(st.just("edit"), processes, places, st.text("ab", min_size=1, max_size=3)),
    st.tuples(st.just("react"), processes, places, people, st.sampled_from(EMOJI), st.booleans()),
    st.tuples(st.just("pin"), processes, places, st.booleans()),
    st.tuples(st.just("delete"), processes, places),
    st.tuples(st.just("strand"), processes, places, st.text("ab", min_size=1, max_size=3)),
    st.tuples(st.just("restart"), processes),
    st.tuples(st.just("catch up"), processes),
)


class Recording(ChangeRepository):
    """Remembers what was appended: the log itself is scrubbed."""

    def __init__(self, database: Database, appended: dict[int, Change]) -> None:
        super().__init__(database)
        self._appended = appended

    def append(self, changes: Any) -> Any:
        result = super().append(changes)
        for change in changes[: result.stored]:
            self._appended[change.rev] = change
        return result


@dataclass
class Reader:
    """A client: of each message the copy with the greater version, and the rev it has all up to."""

    rev: int = 0
    copies: dict[int, Message] = field(default_factory=dict)

    def take(self, changes: Changes) -> None:
        for message in changes.messages:
            known = self.copies.get(message.seq)
            if known is None or message.version > known.version:
                self.copies[message.seq] = message
        if changes.after_rev <= self.rev:
            self.rev = max(self.rev, changes.last_rev)


class Town:
    """Two processes on one database, a room, and what was pushed in it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.appended: dict[int, Change] = {}
        self.pushes: list[Changes] = []
        self.room: Room = RoomRepository(database).insert_group(PEOPLE[0], "A group", "")
        self.said: list[Message] = []
        self.waiting: list[StoredFuture] = []
        self.desks = [self.open(), self.open()]

    def open(self) -> Desk:
        changes = Recording(self.database, self.appended)
        desk = Desk(self.database, MessageRepository(self.database), changes)
        desk.log.track_room(self.seen())
        return desk

    def seen(self) -> Room:
        found = RoomRepository(self.database).find(self.room.id)
        assert found is not None
        return found

    def change(self, desk: Desk, place: int, *what: Any) -> Change | None:
        if not self.said:
            return None
        message = self.said[place % len(self.said)]
        kind, *rest = what
        return change_of(message, PEOPLE[0], kind, *rest)

    def do(self, step: Step) -> None:
        name, number, *rest = step
        desk = self.desks[number]
        change: Change | None = None
        if name == "send":
            self.said.append(desk.send(self.room, rest[0], "hello").result(PATIENCE).message)
        elif name == "edit":
            change = self.change(desk, rest[0], "text", rest[1])
        elif name == "react" and self.said:
            place, user_id, emoji, on = rest
            message = self.said[place % len(self.said)]
            change = change_of(message, user_id, "reaction", on, emoji)
        elif name == "pin":
            change = self.change(desk, rest[0], "pinned", rest[1])
        elif name == "delete":
            change = self.change(desk, rest[0], "deleted")
        elif name == "strand":  # a process that dies after it has appended
            self.settle()
            stranded = self.change(desk, rest[0], "text", rest[1])
            if stranded:
                numbered = change_of(
                    self.said[rest[0] % len(self.said)],
                    PEOPLE[0],
                    "text",
                    rest[1],
                    rev=len(self.appended) + 1,
                )
                assert desk.changes.append([numbered]).stored == 1
        elif name == "restart":
            self.close(number)
            self.desks[number] = self.open()
        elif name == "catch up":
            desk.previews.flush()
            desk.log.catch_up(self.seen())
        if change:
            self.waiting.append(desk.log.change(self.room, change))

    def settle(self) -> None:
        for future in self.waiting:
            error = future.exception(PATIENCE)
            assert error is None or isinstance(error, MessageDeleted), error
        self.waiting.clear()

    def close(self, number: int) -> None:
        desk = self.desks[number]
        assert desk.log.close(PATIENCE) and desk.previews.flush()
        self.pushes += desk.change_listener.told + desk.change_listener.caught

    def end(self) -> None:
        self.settle()
        self.desks[0].log.last_rev(self.room)
        for number in range(2):
            self.close(number)


def check(database: Database, done: list[Step], seed: int) -> None:
    town = Town(database)
    for step in done:
        town.do(step)
    town.end()
    chance = random.Random(seed)

    # The log has no gaps, and each message is as the log played in order says.
    revs = sorted(town.appended)
    assert revs == list(range(1, len(revs) + 1))
    last = town.open()
    assert last.log.last_rev(town.room) == len(revs)
    now = last.log.read(town.room.id, 1, max(1, len(town.said)))
    for first, message in zip(town.said, now, strict=True):
        entries = [town.appended[rev] for rev in revs if town.appended[rev].seq == message.seq]
        assert registers(message) == play(first.data, entries)

    # A reader to whom pushes come in any order, twice or never, has the same after one look.
    reader = Reader(copies={message.seq: message for message in town.said})
    heard = [push for push in town.pushes if chance.random() > 0.3]
    heard += chance.sample(heard, len(heard) // 2)
    chance.shuffle(heard)
    for push in heard:
        reader.take(push)
    while reader.rev < len(revs):
        reader.take(last.log.changes(town.room, reader.rev, chance.randint(1, 3), len(revs)))
    for message in now:
        assert reader.copies[message.seq].version == message.version
        assert registers(reader.copies[message.seq]) == registers(message)

    # And what was deleted is nowhere in the database.
    for change in last.changes.list_range(town.room.id, 1, len(revs)):
        if now[change.seq - 1].deleted:
            assert change.value is None and change.emoji == ""
    assert last.log.close(PATIENCE) and last.previews.flush()


@given(done=st.lists(steps, min_size=5, max_size=40), seed=st.integers(0, 1000))
@QUICK
def test_all_who_follow_end_up_with_the_same_messages(
    migrated: Database, done: list[Step], seed: int
) -> None:
    check(migrated, done, seed)


@pytest.mark.torture
@given(done=st.lists(steps, min_size=5, max_size=120), seed=st.integers(0, 1000))
@LONG
def test_all_who_follow_end_up_with_the_same_messages_after_much_more(
    migrated: Database, done: list[Step], seed: int
) -> None:
    check(migrated, done, seed)
