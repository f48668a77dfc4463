"""Presence is pushed when it changes at any process, in spite of failures of the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect

from chat.database.client import Database
from chat.models import Room, RoomKind, User
from chat.realtime import presence
from chat.realtime.connections import Connection, Connections
from chat.realtime.others_presence import LEASE, LINGER, OthersPresence
from chat.realtime.own_presence import DOCUMENTS, OwnPresence
from chat.realtime.presence import Presence
from chat.repositories.presence import PresenceRepository
from tests.clocks import Clock
from tests.realtime.accounts import UNMETERED

ADA, BOB = str(ObjectId()), str(ObjectId())
RENEWS = 4.0  # seconds between two refreshes in tests of leases


class Process:
    """One of several processes on one database, with the presence pushed to its clients."""

    def __init__(self, database: Database, clock: Clock[float]) -> None:
        self.said: list[tuple[float, str, bool]] = []
        self.asked: list[Collection[str]] = []  # the users of each query for rooms
        self.before_answer: Callable[[], None] = lambda: None
        self.repository = PresenceRepository(database)
        self._clock = clock
        self.rooms: dict[str, list[str]] = {}  # by user; the default is "room"
        self._connections = Connections()
        publisher: Any = self
        self.others = OthersPresence(self.repository, database.now, clock=clock)
        self.own = OwnPresence(self.repository, clock=clock)
        self.presence = Presence(
            connections=self._connections,
            publisher=publisher,
            own=self.own,
            others=self.others,
            tracked_rooms=lambda: {"room": "group"},
            rooms_of=self._rooms_of,
        )

    def presence_changed(self, user_id: str, online: bool, rooms: Mapping[str, RoomKind]) -> None:
        self.said.append((self._clock.now, user_id, online))

    def _rooms_of(self, user_ids: Collection[str]) -> Mapping[str, Collection[str]]:
        self.asked.append(user_ids)
        self.before_answer()
        return {user_id: self.rooms.get(user_id, ["room"]) for user_id in user_ids}

    def come(self, user_id: str) -> None:
        user = User(user_id, user_id, "", 0, "", "", None, 0, 0)
        connection = Connection(user_id, user_id, "/group", user, "session", 0, None, UNMETERED)
        connection.pending = False
        self._connections.add_connection(connection)
        self.presence.connected(user_id, [])

    def go(self, user_id: str) -> None:
        self._connections.remove_connection(user_id)
        self.presence.disconnected(user_id)

    def look(self) -> None:
        self.presence.refresh()


class World:
    """Processes that refresh one after the other, each second of a fake clock."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database = database
        self.clock = Clock(100.0)
        monkeypatch.setattr(presence, "time", SimpleNamespace(monotonic=self.clock))

    def start(self) -> Process:
        process = Process(self.database, self.clock)
        process.look()
        return process

    def run(self, seconds: float, *processes: Process, step: float = 1.0) -> None:
        ends = self.clock.now + seconds
        while self.clock.now < ends:
            self.clock.now += step
            for process in processes:
                process.look()


@pytest.fixture
def world(migrated: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(migrated, monkeypatch)


def test_a_page_reload_stays_online_and_each_reload_has_the_whole_grace(world: World) -> None:
    here = world.start()
    here.come(ADA)
    for _ in range(3):
        here.go(ADA)
        world.run(1, here)
        here.come(ADA)
        world.run(1, here)
    assert here.said == [(100.0, ADA, True)]
    here.go(ADA)
    world.run(3, here)
    assert here.said[1:] == [(108.0, ADA, False)]


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], [(ADA, False), (BOB, False)]),
        (["group"], []),  # in the group they see each other
    ],
)
def test_a_block_hides_the_presence_of_two_users_who_share_no_group(
    world: World, others: list[str], said: list[tuple[str, bool]]
) -> None:
    here = world.start()
    for user_id in (ADA, BOB):
        here.come(user_id)
        here.rooms[user_id] = ["direct", *others]
    here.said.clear()
    room = Room(
        "direct", "direct", None, None, "", None, 0, None, 0, 0, (ADA, BOB), blocked_by=(ADA,)
    )
    here.presence.block_changed(room)
    assert [one[1:] for one in here.said] == said
    here.said.clear()
    here.presence.block_changed(replace(room, blocked_by=()))
    assert [one[1:] for one in here.said] == [(user_id, True) for user_id, _ in said]


def test_a_user_who_disconnects_from_one_process_stays_online_at_another(world: World) -> None:
    here, there = world.start(), world.start()
    here.come(ADA)
    there.come(ADA)
    world.run(2, here, there)
    here.go(ADA)
    world.run(10, here, there)
    assert [said[1:] for said in here.said + there.said] == [(ADA, True)] * 2
    assert here.presence.is_online(ADA) and there.presence.is_online(ADA)
    there.go(ADA)
    world.run(4, there, here)
    assert [said[1:] for said in here.said + there.said] == [(ADA, True), (ADA, False)] * 2
    assert not here.presence.is_online(ADA) and not there.presence.is_online(ADA)


def test_moving_to_another_process_within_the_grace_is_not_pushed(world: World) -> None:
    here, there = world.start(), world.start()
    here.come(ADA)
    world.run(2, here, there)
    here.go(ADA)
    there.come(ADA)
    world.run(10, here, there)
    assert [said[1:] for said in here.said + there.said] == [(ADA, True)] * 2


def test_the_users_of_a_dead_process_go_offline_when_its_lease_expires(
    world: World, migrated: Database
) -> None:
    here, dead, third = world.start(), world.start(), world.start()
    dead.come(ADA)
    dead.come(BOB)
    here.come(BOB)
    world.run(1, dead, here, third)
    here.said.clear()
    third.said.clear()
    died = world.clock.now
    world.run(LEASE - RENEWS, here, third, step=RENEWS)
    assert here.said == third.said == [] and here.presence.is_online(ADA)
    world.run(3 * RENEWS + LINGER, here, third, step=RENEWS)
    for process in (here, third):
        ((moment, user_id, online),) = process.said
        assert (user_id, online) == (ADA, False) and moment - died < 30
    assert migrated.db["process"].count_documents({}) == 2
    assert migrated.db["presence"].distinct("process") == [ObjectId(here.own.process_id)]


def test_a_process_declared_dead_starts_again_under_a_new_id(
    world: World, migrated: Database
) -> None:
    here, stopped = world.start(), world.start()
    stopped.come(ADA)
    world.run(1, stopped, here)
    first_id = stopped.own.process_id
    world.run(LEASE + RENEWS, here, step=RENEWS)
    world.run(2, stopped, here)
    assert stopped.own.process_id != first_id
    assert [said[1:] for said in here.said] == [(ADA, True), (ADA, False), (ADA, True)]
    assert stopped.said == [(100.0, ADA, True)]
    assert migrated.db["process"].count_documents({}) == 2


def test_after_an_outage_no_process_is_declared_dead_at_once(world: World) -> None:
    here, there = world.start(), world.start()
    there.come(ADA)
    world.run(1, there, here)
    world.clock.now += 10 * LEASE  # no process could read or write
    world.run(2 * RENEWS, here, there, step=RENEWS)
    assert [said[1:] for said in here.said] == [(ADA, True)]


def test_leases_of_a_database_whose_clock_was_ahead_or_behind_expire(
    world: World, migrated: Database
) -> None:
    dead = world.start()
    dead.come(ADA)
    world.run(1, dead)
    for days in (-1, 1):
        seen_at = migrated.now() + timedelta(days=days)
        migrated.db["process"].update_one(
            {"_id": ObjectId(dead.own.process_id)}, {"$set": {"seen_at": seen_at}}
        )
        here = world.start()
        if days > 0:
            world.run(LEASE + RENEWS, here, step=RENEWS)
        assert not here.presence.is_online(ADA)
        here.own.end()
        dead.own.process_id = None
        dead.own.write()


def test_a_user_who_connects_elsewhere_when_a_process_ends_stays_online(world: World) -> None:
    here, ending = world.start(), world.start()
    ending.come(ADA)
    ending.come(BOB)
    world.run(2, ending, here)
    ending.presence.end()
    world.run(1, here)
    here.come(ADA)
    world.run(LINGER + 1, here)
    told = [said[1:] for said in here.said]
    assert set(told[:2]) == {(ADA, True), (BOB, True)} and told[2:] == [(BOB, False)]


def test_a_stopped_process_writes_nothing_any_more(world: World, migrated: Database) -> None:
    ending = world.start()
    ending.come(ADA)
    ending.presence.end()
    ending.own.write()
    assert migrated.db["process"].count_documents({}) == 0
    assert migrated.db["presence"].count_documents({}) == 0


def test_a_user_that_could_not_be_pushed_is_pushed_later(world: World) -> None:
    here, there = world.start(), world.start()

    def fail() -> None:
        raise AutoReconnect("away")

    here.before_answer = fail
    there.come(ADA)
    there.look()
    for _ in range(2):
        with pytest.raises(AutoReconnect):
            here.look()
    assert here.said == []
    here.before_answer = lambda: None
    here.look()
    assert [said[1:] for said in here.said] == [(ADA, True)]


def test_users_with_too_many_rooms_for_one_query_are_queried_in_smaller_groups(
    world: World,
) -> None:
    here, there = world.start(), world.start()
    people = [str(ObjectId()) for _ in range(150)]
    failing = people[70]

    def answer() -> None:
        if len(here.asked[-1]) > 20 or failing in here.asked[-1]:
            raise AutoReconnect("it takes too long")

    here.before_answer = answer
    for user_id in people:
        there.come(user_id)
    there.look()
    for _ in range(15):
        with pytest.raises(AutoReconnect):
            here.look()
    assert sorted(said[1] for said in here.said) == sorted(set(people) - {failing})
    here.before_answer = lambda: None
    here.look()
    assert len(here.said) == len(people)


def test_users_read_before_the_database_failed_are_pushed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = world.start(), world.start()
    people = [str(ObjectId()) for _ in range(100)]
    for user_id in people:
        there.come(user_id)
    there.look()
    read = here.repository.read_users

    def read_some(process_id: str, number: int) -> set[str]:
        if number == DOCUMENTS // 2:
            raise AutoReconnect("away")
        return read(process_id, number)

    monkeypatch.setattr(here.repository, "read_users", read_some)
    with pytest.raises(AutoReconnect):
        here.look()
    assert 0 < len(here.said) < 100
    monkeypatch.setattr(here.repository, "read_users", read)
    here.look()
    assert sorted(user_id for _, user_id, _ in here.said) == sorted(people)


def test_a_user_who_connects_during_the_query_of_rooms_stays_online(world: World) -> None:
    here = world.start()
    here.come(ADA)
    here.go(ADA)
    here.before_answer = lambda: here.come(ADA)
    world.run(3, here)
    assert here.said == [(100.0, ADA, True)]


def test_a_thousand_users_who_connect_at_once_cost_a_few_writes_and_queries(
    world: World, migrated: Database
) -> None:
    here, there = world.start(), world.start()
    for _ in range(1_000):
        here.come(str(ObjectId()))
    here.look()
    assert migrated.db["presence"].count_documents({}) == DOCUMENTS
    there.look()
    assert len(there.said) == 1_000
    assert len(there.asked) <= 11 and max(map(len, there.asked)) <= 100
    before = list(migrated.db["presence"].find())
    world.run(30, here, there)
    assert list(migrated.db["presence"].find()) == before and len(there.said) == 1_000
