"""Whatever is lost, repeated, reordered or cut off: a bot handles each message once, in order.

It gets the present state of each changed message once, and no older state after a newer one.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.properties.world import PAGE, ROBOT, Crash, World

ROOMS = (("a", "group"), ("b", "group"), ("c", "group"), ("d", "direct"))
LONG_QUIET = 310.0  # seconds: longer than any scheduled poll, and than between two syncs
SOON = 10.0  # seconds in which a lost last message is handled, where something came lately

QUICK = settings(
    max_examples=60, stateful_step_count=40, derandomize=True, database=None, deadline=None
)
LONG = settings(
    QUICK,
    max_examples=1000,
    stateful_step_count=80,
    derandomize=False,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every bound so small that a few messages reach it, and spare the disk."""
    monkeypatch.setattr("chat.bots.inbox.MAX_PUSHES", 5)
    monkeypatch.setattr("chat.bots.log.MAX_AHEAD", 4)
    monkeypatch.setattr("chat.bots.pages.PAGE", PAGE)
    monkeypatch.setattr("chat.bots.sync.PAGE", PAGE)
    monkeypatch.setattr("chat.bots.sync.SYNC_ROOMS", 2)
    monkeypatch.setattr(os, "fsync", lambda _: None)


class BotUnderFaults(RuleBasedStateMachine):
    """People talk and change that, the network misbehaves, the bot dies and comes back."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self._folder.name) / "bot.json")
        self.said: set[str] = set()
        self.lost: set[str] = set()  # what the bot said, or would have, and a restore took away
        self.names = itertools.count(1)
        for room_id, kind in ROOMS:
            room = self.world.add_room(room_id, kind, said_before=1)
            if room_id == "a":
                self.world.let_in(room)
        self.live(0.0)

    def teardown(self) -> None:
        self.world.crash_at = None
        try:
            self.settle()
        finally:
            self._folder.cleanup()

    # What happens

    @rule(room=st.sampled_from(ROOMS), count=st.integers(1, 6))
    def say(self, room: tuple[str, str], count: int) -> None:
        for _ in range(count):
            self.world.say(self.world.rooms[room[0]])

    @rule(
        room=st.sampled_from(ROOMS),
        changes=st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=4),
    )
    def change(self, room: tuple[str, str], changes: list[tuple[int, bool]]) -> None:
        """Change some of the last messages, with effect or too late for any."""
        found = self.world.rooms[room[0]]
        last = len(found.entries)
        if last:
            self.world.change(found, [(max(1, last - place), effect) for place, effect in changes])

    @rule(room=st.sampled_from(ROOMS))
    def let_in(self, room: tuple[str, str]) -> None:
        found = self.world.rooms[room[0]]
        if found.joined_at is None:
            self.world.let_in(found)

    @rule()
    def deliver_all(self) -> None:
        while self.world.under_way:
            self.world.deliver(0)

    @precondition(lambda self: self.world.under_way)
    @rule(data=st.data(), keep=st.booleans())
    def deliver_any(self, data: st.DataObject, keep: bool) -> None:
        index = data.draw(st.integers(0, len(self.world.under_way) - 1))
        self.world.deliver(index, keep)

    @precondition(lambda self: self.world.under_way)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        del self.world.under_way[data.draw(st.integers(0, len(self.world.under_way) - 1))]

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.5, 3.0, 10.0, 60.0]))
    def live(self, seconds: float) -> None:
        self.or_die(lambda: self.world.live(seconds))

    @rule(room=st.sampled_from(ROOMS))
    def bot_says(self, room: tuple[str, str]) -> None:
        found = self.world.rooms[room[0]]
        if found.joined_at is None:
            return
        name = f"own-{next(self.names)}"
        self.said.add(name)
        self.or_die(lambda: self.world.bot_says(found, name))

    @rule()
    def disconnect(self) -> None:
        self.world.disconnect()

    @rule()
    def connect(self) -> None:
        self.world.connect()

    @rule(
        lengths=st.dictionaries(
            st.sampled_from([name for name, _ in ROOMS]), st.integers(0, 6), min_size=1
        ),
        renew_epoch=st.booleans(),
        then=st.integers(0, 9),
    )
    def restore(self, lengths: dict[str, int], renew_epoch: bool, then: int) -> None:
        """Set some logs back, and let people go on in them before the bot is there again."""
        for entry in self.world.restore(lengths, renew_epoch):
            own = entry["user_id"] == ROBOT
            self.lost.add(entry["client_id"] if own else f"re-{entry['id']}")
        for room_id in lengths:
            for _ in range(then):
                self.world.say(self.world.rooms[room_id])

    @rule(count=st.integers(1, 3))
    def leave_unanswered(self, count: int) -> None:
        self.world.unanswered = count

    @rule(
        where=st.sampled_from(
            [
                "before replying",
                "before sending",
                "after sending",
                "after replying",
                "while handling a change",
            ]
        ),
        spared=st.integers(0, 3),
    )
    def crash_soon(self, where: str, spared: int) -> None:
        self.world.crash_at, self.world.spared = where, spared

    @rule()
    def kill(self) -> None:
        self.or_die(self.world.start_bot)

    # What holds

    @invariant()
    def handled_is_the_beginning_of_each_log(self) -> None:
        for room in self.world.rooms.values():
            there = room.to_handle()
            handled = [id for id in self.world.handled if id in there]
            assert handled == there[: len(handled)]
        assert len(self.world.handled) == len(set(self.world.handled))

    @invariant()
    def each_reply_is_stored_once(self) -> None:
        for room in self.world.rooms.values():
            replies = [one["client_id"] for one in room.entries if one["user_id"] == ROBOT]
            assert len(replies) == len(set(replies))

    @invariant()
    def each_message_is_shown_ever_newer(self) -> None:
        for room in self.world.rooms.values():
            for entry in room.entries if room.is_past_known else []:
                versions = self.world.shown.get(entry["id"], [])
                assert versions == sorted(set(versions))

    def or_die(self, act: Any) -> None:
        """Let the bot act; where it dies of it, it is started again, until it lives."""
        while True:
            try:
                return act()
            except Crash:
                act = self.world.start_bot

    def settle(self) -> None:
        """See that the bot gets to the end of everything although nothing under way arrives."""
        self.world.under_way.clear()
        self.world.connect()
        self.world.live(LONG_QUIET)
        assert self.world.missing() == {} and self.world.undelivered() == {}
        stored = {
            one["client_id"]
            for room in self.world.rooms.values()
            for one in room.entries
            if one["user_id"] == ROBOT
        }
        said = self.said | {f"re-{id}" for id in self.world.handled}
        assert stored <= said and said - stored <= self.lost
        self.world.under_way.clear()
        self.world.live(LONG_QUIET)
        before = self.world.requests
        self.world.live(LONG_QUIET)
        assert self.world.requests - before <= 6  # twice three `sync`, and not a look


def test_bot_handles_each_message_once_and_hears_how_it_is_now_whatever_happens() -> None:
    run_state_machine_as_test(BotUnderFaults, settings=QUICK)


@pytest.mark.torture
def test_bot_handles_each_message_once_and_hears_how_it_is_now_whatever_happens_long() -> None:
    run_state_machine_as_test(BotUnderFaults, settings=LONG)


@settings(QUICK, max_examples=40)
@given(
    quiet=st.floats(0, 15),
    rooms=st.integers(1, 4),
    phase=st.floats(0, 2),
)
def test_lost_last_messages_are_handled_within_ten_seconds(
    quiet: float, rooms: int, phase: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "bot.json")
        followed = [world.add_room(room_id, kind) for room_id, kind in ROOMS[:rooms]]
        for room in followed:
            world.let_in(room)
        world.live(phase)
        for room in followed:
            world.say(room)
            world.deliver(len(world.under_way) - 1)
        world.live(quiet)
        for room in followed:
            world.say(room)
        world.live(SOON)
        assert world.missing() == {}
