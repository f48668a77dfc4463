"""Blocks under concurrent changes by several processes, and after a crash."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from flask import Flask
from pymongo.errors import AutoReconnect

from chat.errors import Forbidden
from chat.models import User
from chat.repositories.blocks import BlockRepository
from chat.repositories.rooms import RoomRepository
from chat.services import blocks
from chat.wiring import Services
from harness.people import make_people, new_client_id
from harness.servers import PATIENCE
from tests.services.test_rooms import at_once, services_of

MakeApp = Callable[..., Flask]


def make_two(app: Flask) -> tuple[User, User]:
    alice, bob = (person.model for person in make_people(app, "alice", "bob"))
    return alice, bob


def copy_of(services: Services, alice: User, bob: User) -> set[str]:
    room = RoomRepository(services.database).find_direct(alice.id, bob.id)
    return set(room.blocked_by) if room else set()


def test_a_direct_room_created_at_the_same_moment_is_blocked_too(make_app: MakeApp) -> None:
    apps = [make_app() for _ in range(2)]
    here, there = map(services_of, apps)
    for _ in range(10):
        alice, bob = make_two(apps[0])

        def write_first(bob: User = bob, alice: User = alice) -> None:
            with suppress(Forbidden):  # the block was first
                there.direct_rooms.direct_with(bob, alice.username)

        def block(alice: User = alice, bob: User = bob) -> None:
            here.blocks.block(alice, bob.id)

        at_once(write_first, block)
        room = RoomRepository(here.database).find_direct(alice.id, bob.id)
        assert room is None or room.blocked_by == (alice.id,)
        with pytest.raises(Forbidden):
            here.messages.send_direct(bob, new_client_id(), "x", alice.username, None)


def test_concurrent_blocks_at_several_processes_leave_the_right_copy_in_the_room(
    make_app: MakeApp,
) -> None:
    apps = [make_app() for _ in range(3)]
    processes = [services_of(app) for app in apps]
    alice, bob = make_two(apps[0])
    processes[0].direct_rooms.direct_with(alice, bob.username)
    for _ in range(10):
        at_once(
            lambda: processes[0].blocks.block(alice, bob.id),
            lambda: processes[1].blocks.unblock(alice, bob.id),
            lambda: processes[2].blocks.block(bob, alice.id),
            lambda: processes[0].blocks.unblock(bob, alice.id),
        )
        stored = BlockRepository(processes[0].database).find_blockers(alice.id, bob.id)
        assert copy_of(processes[0], alice, bob) == set(stored)


@pytest.mark.parametrize("begins", [True, False])
def test_a_block_is_completed_after_its_process_died(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, begins: bool
) -> None:
    monkeypatch.setattr(blocks, "SETTLE_AFTER", 0.0)
    dying, living = make_app(), make_app()
    here, there = services_of(dying), services_of(living)
    alice, bob = make_two(living)
    room, _ = there.direct_rooms.direct_with(alice, bob.username)
    if not begins:
        there.blocks.block(alice, bob.id)
    with monkeypatch.context() as patch:
        patch.setattr(RoomRepository, "update_blocked_by", fail)
        with pytest.raises(AutoReconnect):
            (here.blocks.block if begins else here.blocks.unblock)(alice, bob.id)
    there.jobs.run_due()
    assert copy_of(there, alice, bob) == ({alice.id} if begins else set())


def fail(*_: object) -> None:
    raise AutoReconnect("gone")


def test_sending_asks_the_database_nothing_about_blocks(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = services_of(app)
    alice, bob = make_two(app)
    room, _ = services.direct_rooms.direct_with(alice, bob.username)
    services.messages.send(alice, room.id, new_client_id(), "first").result(PATIENCE)
    monkeypatch.setattr(BlockRepository, "find_blockers", fail)
    monkeypatch.setattr(RoomRepository, "find", fail)
    services.messages.send(alice, room.id, new_client_id(), "second").result(PATIENCE)
