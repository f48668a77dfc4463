"""Building long lists yields to other tasks."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from flask import Flask

from chat import concurrency
from chat.schemas.sync import dump_sync
from chat.wiring import Services
from harness.people import make_people


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was slept, where each item of a list takes long enough for others to have a turn."""
    slept: list[float] = []
    monkeypatch.setattr(concurrency, "SLICE", -1.0)
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=slept.append)
    monkeypatch.setattr(concurrency, "time", clock)
    return slept


def test_a_list_of_members_lets_others_have_a_turn(app: Flask, turns: list[float]) -> None:
    people = make_people(app, "ada", "bob", "cleo", "dan")
    group = people[0].create_group(*people[1:])
    turns.clear()
    assert len(people[0].members(group)) == 4
    assert turns == [0] * 8  # as they are put together, and as they are written


def test_a_list_of_rooms_lets_others_have_a_turn(app: Flask, turns: list[float]) -> None:
    (ada,) = make_people(app, "ada")
    for _ in range(3):
        ada.create_group()
    turns.clear()
    assert len(ada.rooms()) == 3
    assert len(turns) >= 2 * 3 and not any(turns)  # as they are put together, and written


def test_catching_up_with_many_rooms_lets_others_have_a_turn(
    app: Flask, turns: list[float]
) -> None:
    services: Services = app.extensions["chat"]
    (ada,) = make_people(app, "ada")
    groups = [ada.create_group() for _ in range(4)]
    seen = {group["id"]: 0 for group in groups[:2]}
    turns.clear()
    found = services.history.sync(ada.model, seen, "group", {})
    dumped = dump_sync(found, "nobody", lambda _: False)
    assert len(dumped["rooms"]) == len(dumped["joined"]) == 2
    assert len(turns) >= 4 + 2 + 4 and not any(turns)  # put together, two compared, all written
