"""Looking for the names in a text: in small rooms without a query, in larger ones so many."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from flask import Flask

from chat.database.client import Database
from chat.errors import RateLimited
from chat.ids import new_id
from chat.limits.limits import Limits
from chat.models import NO_MENTIONS, Membership, Mentions, Room
from chat.repositories.memberships import MembershipRepository
from chat.repositories.users import UserRepository
from chat.services import mentions
from chat.services.mentions import MentionFinder
from chat.wiring import Services
from harness.people import Person, make_people

NAMES_PER_MINUTE = 600


class Counted(UserRepository):
    """Counts the names that are looked up."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.asked = 0

    def find_ids(self, username_keys: Collection[str]) -> dict[str, str]:
        self.asked += len(username_keys)
        return super().find_ids(username_keys)


class Desk:
    """A group of two, and what finds mentions there."""

    def __init__(self, services: Services, alice: Person, bob: Person) -> None:
        group = alice.create_group(bob)
        self.bob = bob
        self.users = Counted(services.database)
        self.cache = services.membership_cache
        self.alice = alice
        self._place: tuple[Room, Membership] = services.membership_cache.require(
            alice.id, group["id"]
        )
        self._finder = MentionFinder(
            self.users, services.usernames, services.membership_cache, Limits()
        )

    def find(self, text: str) -> Mentions:
        return self._finder.find(*self._place, text)


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(app.extensions["chat"], *make_people(app, "alice", "bob"))


def strangers() -> str:
    """Return a text with as many names in as many lengths as one can have: 200 in all."""
    return " ".join(f"@{new_id()[-12:]}{number:02}..." for number in range(50))


def test_in_a_small_room_names_are_found_without_a_query(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"@{desk.bob.username} {strangers()}"
    assert desk.find(text).user_ids == (desk.bob.id,)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a query")

    for name in ("find", "find_one", "count_documents"):
        monkeypatch.setattr(f"pymongo.collection.Collection.{name}", refuse)
    for _ in range(10):
        assert desk.find(text).user_ids == (desk.bob.id,)


def test_all_members_of_a_small_room_are_read_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    read = MembershipRepository.list_of_room

    def note(self: MembershipRepository, room_id: str, limit: int = 0) -> list[Membership]:
        calls.append(room_id)
        return read(self, room_id, limit)

    monkeypatch.setattr(MembershipRepository, "list_of_room", note)
    desk.cache.forget_all()
    desk.cache.list_of_user(desk.alice.id)  # as a connect does: of each room one membership
    for _ in range(3):
        assert desk.find(f"@{desk.bob.username}").user_ids == (desk.bob.id,)
    assert len(calls) == 1


def test_in_a_large_room_one_has_so_many_names_looked_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mentions, "MATCHED_MEMBERS", 1)
    for _ in range(NAMES_PER_MINUTE // 200):
        assert desk.find(strangers()) == NO_MENTIONS
    assert desk.users.asked == NAMES_PER_MINUTE
    with pytest.raises(RateLimited):
        desk.find(f"@{desk.bob.username}")
    assert desk.users.asked == NAMES_PER_MINUTE
    assert desk.find("nobody").user_ids == ()
