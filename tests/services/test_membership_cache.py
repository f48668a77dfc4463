"""The cache of memberships: its contents and their lifetime."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from chat import concurrency
from chat.errors import NotFound
from chat.models import Membership, Room
from chat.repositories.memberships import MembershipRepository
from chat.repositories.rooms import RoomRepository
from chat.services import membership_cache
from chat.services.membership_cache import MAX_LIST_AGE, MembershipCache
from chat.wiring import Services
from harness.people import make_people
from tests.clocks import Clock
from tests.memory import least_memory


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock[float]:
    found = Clock(1_000.0)
    monkeypatch.setattr(membership_cache, "time", SimpleNamespace(monotonic=found))
    return found


@pytest.fixture
def known(clock: Clock[float]) -> MembershipCache:
    """A cache over a database without memberships."""
    rooms: Any = SimpleNamespace(list_by_ids=lambda ids: [])
    memberships: Any = SimpleNamespace(list_of_users=lambda user_ids: {})
    return MembershipCache(rooms, memberships)


def test_all_rooms_of_a_user_are_forgotten_in_time(
    known: MembershipCache, clock: Clock[float]
) -> None:
    def ask_and_wait() -> None:
        for number in range(50):
            known.list_cached(f"{number:01000}")
        clock.now += MAX_LIST_AGE
        known.list_cached("now")

    assert least_memory(ask_and_wait).held < 25_000  # bytes: their names alone take 50,000


def test_adding_a_user_costs_the_same_for_any_number_of_cached_ones(known: MembershipCache) -> None:
    for number in range(20_000):
        known.list_cached(str(number))
    others = map(str, itertools.count(20_000))
    asked_for = least_memory(lambda: known.list_cached(next(others)))
    assert asked_for.peak < 50_000  # bytes: a list of all of them takes 160,000


def test_a_room_that_changes_during_a_read_of_the_reconciler_is_cached_as_changed(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = make_people(app, "ada", "bob")
    group = ada.create_group(bob)
    services = app.extensions["chat"]
    list_touched = RoomRepository.list_touched

    def list_and_hand_over(*arguments: Any) -> list[Room]:
        touched = list_touched(*arguments)
        services.roles.set_role(ada.model, group["id"], bob.id, "owner")
        return touched

    monkeypatch.setattr(RoomRepository, "list_touched", list_and_hand_over)
    services.reconciler.run_once()
    assert services.conversations.get(ada.model, group["id"]).room.owner_id == bob.id


@pytest.mark.parametrize("ask", ["rooms_of_users", "list_of", "list_cached"])
def test_reading_many_rooms_yields_to_other_tasks(
    app: Flask, monkeypatch: pytest.MonkeyPatch, ask: str
) -> None:
    """With items as long as a turn, every loop over all rooms yields at each item."""
    services: Services = app.extensions["chat"]
    (ada,) = make_people(app, "ada")
    rooms = [services.groups.create_group(ada.model, str(number)) for number in range(20)]
    calls: dict[str, Callable[[], object]] = {
        "rooms_of_users": lambda: services.conversations.rooms_of_users([ada.id]),
        "list_of": lambda: services.conversations.list_of(ada.model),
        "list_cached": lambda: services.conversations.list_cached(ada.model, "group"),
    }
    monkeypatch.setattr(concurrency, "SLICE", -1.0)
    given: list[None] = []
    monkeypatch.setattr(concurrency, "yield_to_others", lambda: given.append(None))
    calls[ask]()
    assert len(given) >= 3 * len(rooms)


def test_a_room_that_changes_during_a_yield_is_not_cached_as_it_was(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    services: Services = app.extensions["chat"]
    ada, bob = make_people(app, "ada", "bob")
    group = ada.create_group(bob)
    monkeypatch.setattr(concurrency, "SLICE", -1.0)
    given = itertools.count()

    def remove_bob() -> None:
        if next(given) == 0:
            services.member_removal.remove_member(ada.model, group["id"], bob.id)

    monkeypatch.setattr(concurrency, "yield_to_others", remove_bob)
    services.conversations.rooms_of_users([bob.id])
    assert next(given) > 1
    assert services.conversations.rooms_of_users([bob.id]) == {bob.id: []}
    with pytest.raises(NotFound):
        services.conversations.get(bob.model, group["id"])


def test_more_rooms_than_may_be_known_are_forgotten_the_oldest_first(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membership_cache, "KNOWN_MEMBERS", 4)
    services: Services = app.extensions["chat"]
    ada, bob = make_people(app, "ada", "bob")
    first, second, third = (ada.create_group(bob)["id"] for _ in range(3))
    asked: list[str] = []
    find = MembershipRepository.find

    def note(self: MembershipRepository, room_id: str, user_id: str) -> Membership | None:
        asked.append(room_id)
        return find(self, room_id, user_id)

    monkeypatch.setattr(MembershipRepository, "find", note)
    found = MembershipCache(
        RoomRepository(services.database), MembershipRepository(services.database)
    )

    def require(*room_ids: str) -> list[str]:
        """Ask for both members of each room; return of which rooms the database was asked."""
        asked.clear()
        for room_id in room_ids:
            for member in (ada, bob):
                found.require(member.id, room_id)
        return list(asked)

    assert require(first, second, first, second) == [first, second]
    assert require(third, second, third, first) == [third, first]
    found.forget(first)  # its members count no more
    assert require(third, second, third) == [second]
