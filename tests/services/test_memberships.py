"""What is remembered of who belongs to which room, and for how long."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from chat.models import Room
from chat.repositories.rooms import RoomRepository
from chat.services import memberships
from chat.services.memberships import LATELY, Memberships
from tests.clocks import Clock
from tests.memory import least_memory
from tests.people import make_people


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock[float]:
    found = Clock(1_000.0)
    monkeypatch.setattr(memberships, "time", SimpleNamespace(monotonic=found))
    return found


@pytest.fixture
def known(clock: Clock[float]) -> Memberships:
    """Memberships over a database in which nobody belongs to a room."""
    rooms: Any = SimpleNamespace(list_by_ids=lambda ids: [])
    user_rooms: Any = SimpleNamespace(list_of_user=lambda user_id: [])
    return Memberships(rooms, user_rooms)


def test_all_rooms_of_a_user_are_forgotten_in_time(known: Memberships, clock: Clock[float]) -> None:
    for number in range(50):
        known.list_lately(f"early{number}")
    clock.now += LATELY / 2
    known.list_lately("later")
    clock.now += LATELY / 2
    known.list_lately("now")
    assert list(known._lately) == ["later", "now"]


def test_one_more_user_costs_the_same_however_many_came_lately(known: Memberships) -> None:
    for number in range(20_000):
        known.list_lately(str(number))
    others = map(str, itertools.count(20_000))
    asked_for = least_memory(lambda: known.list_lately(next(others)))
    assert asked_for.peak < 50_000  # bytes: a list of all of them takes 160,000


def test_a_room_that_changes_while_the_pulse_looks_is_known_as_it_is_then(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = make_people(app, "ada", "bob")
    group = ada.create_group(bob)
    services = app.extensions["chat"]
    list_touched = RoomRepository.list_touched

    def list_and_hand_over(*arguments: Any) -> list[Room]:
        touched = list_touched(*arguments)
        services.rooms.set_role(ada.model, group["id"], bob.id, "owner")
        return touched

    monkeypatch.setattr(RoomRepository, "list_touched", list_and_hand_over)
    services.pulse.beat()
    assert services.conversations.get(ada.model, group["id"]).room.owner_id == bob.id
