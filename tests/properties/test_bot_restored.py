"""A log is set back and goes on while a bot is away: what is pushed early hides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.properties.world import Crash, Room, World

HANDLED = 2  # entries of a followed room
LONG_QUIET = 310.0  # seconds: longer than any plan to look at a room, and than between two syncs


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "bot.json")


def deliver_all(world: World) -> None:
    while world.under_way:
        world.deliver(0)


def followed(world: World) -> Room:
    """Return a room in which the bot has handled all: one message and its answer to it."""
    world.live(0.0)  # it begins where the rooms end that it finds at its first start
    room = world.add_room("a", "group")
    world.let_in(room)
    world.say(room)
    for _ in range(2):  # what people said, and what it answered
        deliver_all(world)
        world.live(0.0)
    assert world.missing() == {} and len(world.handled) == 1
    return room


@pytest.mark.parametrize("renew_epoch", [False, True], ids=["no new epoch", "new epoch"])
@pytest.mark.parametrize("early", ["before the bot is online", "before sync is answered"])
def test_message_behind_the_position_in_another_past_does_not_hide_the_one_at_it(
    world: World, early: str, renew_epoch: bool
) -> None:
    room = followed(world)
    world.restore({room.id: 0}, renew_epoch)
    for _ in range(HANDLED + 1):  # at the places of what the bot has handled, and at the next one
        world.say(room)
    if early == "before sync is answered":
        world.unanswered = 4  # calls: each kind asks twice in vain
        world.connect()
    deliver_all(world)
    world.connect()
    world.live(LONG_QUIET)
    assert world.missing() == {}


def test_push_of_a_lost_past_is_not_waited_for_again_and_again(world: World) -> None:
    room = world.add_room("d", "direct", said_before=1)
    world.live(0.0)
    world.let_in(room)
    world.say(room)
    deliver_all(world)
    world.restore({room.id: 0}, renew_epoch=False)  # before the bot has looked at the pushes
    world.connect()
    world.live(LONG_QUIET)
    before = world.requests
    world.live(LONG_QUIET)
    assert world.requests - before <= 4  # a `sync` or two of each kind, and not a look


def test_room_of_which_nothing_was_handled_is_read_from_its_start_in_another_past(
    world: World,
) -> None:
    world.live(0.0)
    room = world.add_room("a", "group", said_before=1)
    world.let_in(room)
    for _ in range(2):
        world.say(room)
    world.deliver(0)  # the news that it is a member
    world.crash_at = "before replying"
    with pytest.raises(Crash):
        world.live(0.0)
    world.restore({}, renew_epoch=True)
    world.start_bot()
    world.live(LONG_QUIET)
    assert world.handled == room.to_handle()


def test_change_made_while_a_bot_is_dead_is_told_also_after_a_restore(world: World) -> None:
    room = followed(world)
    world.restore({}, renew_epoch=True)
    world.unanswered = 1  # the first `sync`, of direct rooms
    world.connect()
    world.live(0.0)  # it learns where the changes end in this past
    world.change(room, [(1, True)])
    world.under_way.clear()
    world.start_bot()
    world.live(LONG_QUIET)
    assert world.shown[room.entries[0]["id"]][-1] == 1


def test_change_that_lost_a_race_is_not_told_after_a_silence(world: World) -> None:
    room = followed(world)
    world.change(room, [(1, True)])
    deliver_all(world)
    world.live(20.0)
    world.change(room, [(1, False)])
    deliver_all(world)
    world.live(LONG_QUIET)
    assert world.shown[room.entries[0]["id"]] == [0, 1]
