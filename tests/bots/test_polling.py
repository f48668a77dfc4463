"""How many requests a bot makes to find lost pushes, in a world whose time is a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.bots.sync import SYNC_EVERY
from tests.properties.world import Room, World

KINDS = 2  # one `sync` for each


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A bot that is in forty groups and has received nothing yet."""
    world = World(tmp_path / "bot.json")
    for number in range(40):
        world.let_in(world.add_room(f"r{number}x", "group"))
    world.under_way.clear()
    world.live(1.0)
    return world


def talk(world: World, rooms: list[Room], lose: bool = False) -> None:
    """Send a message in each room, with or without a push to the bot."""
    for room in rooms:
        world.say(room)
        if not lose:
            world.deliver(len(world.under_way) - 1)
    world.live(0.0)
    world.under_way.clear()  # its replies


def requests(world: World, seconds: float) -> int:
    """Return the number of requests of the bot in that time."""
    before = world.requests
    world.live(seconds)
    return world.requests - before


def test_quiet_rooms_cost_nothing_but_a_comparison_every_five_minutes(world: World) -> None:
    assert requests(world, 3 * SYNC_EVERY) == 3 * KINDS


def test_many_rooms_are_polled_by_one_request(world: World) -> None:
    talk(world, list(world.rooms.values()))
    talk(world, list(world.rooms.values()), lose=True)
    assert requests(world, 6.0) - len(world.handled) // 2 == 1
    assert world.missing() == {}


def test_few_rooms_of_many_are_polled_one_by_one(world: World) -> None:
    rooms = list(world.rooms.values())[:3]
    talk(world, rooms)
    assert requests(world, 6.0) == len(rooms)


def test_polls_of_a_room_become_rare_and_end(world: World) -> None:
    room, *_ = world.rooms.values()
    talk(world, [room])
    assert requests(world, SYNC_EVERY) - KINDS <= 12
    assert requests(world, SYNC_EVERY) - KINDS == 0


def test_a_conversation_whose_pushes_are_all_lost_is_followed(world: World) -> None:
    rooms = list(world.rooms.values())[:2]
    talk(world, rooms)
    for _ in range(20):
        talk(world, rooms, lose=True)
        world.live(10.0)
        assert world.missing() == {}
